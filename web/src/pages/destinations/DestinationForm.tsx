// The fields of a destination: where it is, how we are known there, how fast it takes events, and what is done while it
// fails.
import { useState } from 'react'
import { errorAt, type Errors } from '@/api/problem'
import type { Breaker, Destination, Rate } from '@/api/types'
import { Button } from '@/ui/Button'
import { DurationInput } from '@/ui/DurationInput'
import { Field, Input, Select, Switch, TextArea } from '@/ui/Field'
import { Segments } from '@/ui/Tabs'
import { AuthFields } from './AuthFields'
import styles from './DestinationForm.module.css'
import type { Draft } from './draft'

type Props = {
  draft: Draft
  onChange: (draft: Draft) => void
  errors: Errors
  /** The stored one; its type stays. */
  stored: Destination | null
}

export function DestinationForm({ draft, onChange, errors, stored }: Props) {
  const set = (next: Partial<Draft>) => onChange({ ...draft, ...next })
  const [opened, setOpened] = useState(stored !== null)
  // What is wrong is never behind a button.
  const more = opened || Object.keys(errors).some((field) => !/^(name|url|lease_ms|auth.*)?$/.test(field))
  return (
    <div className={styles.form}>
      {!stored && (
        <div className={styles.part}>
          <Segments
            label="Type of destination"
            value={draft.type}
            onChange={(type) => set({ type, concurrency: type === 'pull' ? 1_000 : 16 })}
            options={[
              { value: 'http', label: 'Send to a URL' },
              { value: 'pull', label: 'Consumers ask for it' },
            ]}
          />
        </div>
      )}
      <div className={styles.two}>
        <Field label="Name" error={errors.name}>
          {(control) => (
            <Input
              {...control}
              value={draft.name}
              placeholder={draft.type === 'pull' ? 'warehouse' : 'app'}
              onChange={(event) => set({ name: event.target.value })}
            />
          )}
        </Field>
        {draft.type === 'http' ? (
          <Field label="URL" error={errors.url}>
            {(control) => (
              <Input
                {...control}
                mono
                type="url"
                value={draft.url}
                placeholder="https://app.example.com/webhooks"
                onChange={(event) => set({ url: event.target.value })}
              />
            )}
          </Field>
        ) : (
          <Field
            label="Lease"
            error={errors.lease_ms}
            help="How long a consumer has an event where it does not ask for another time."
          >
            {(control) => (
              <DurationInput
                {...control}
                value={draft.lease_ms}
                onChange={(ms) => ms !== null && set({ lease_ms: ms })}
              />
            )}
          </Field>
        )}
      </div>
      {draft.type === 'http' && (
        <AuthFields value={draft.auth} onChange={(auth) => set({ auth })} stored={stored} errors={errors} />
      )}
      {more ? (
        <>
          <Pace draft={draft} set={set} errors={errors} />
          {draft.type === 'http' && <Failing draft={draft} set={set} errors={errors} />}
          {!stored && <Beginning draft={draft} set={set} errors={errors} />}
        </>
      ) : (
        <div>
          <Button small look="quiet" icon="down" onClick={() => setOpened(true)}>
            Speed, timeouts, breaker, signing
          </Button>
        </div>
      )}
    </div>
  )
}

type PartProps = { draft: Draft; set: (next: Partial<Draft>) => void; errors: Errors }

const RATE: Rate = { limit: 10, per: 'second', burst: 1 }

function Pace({ draft, set, errors }: PartProps) {
  const { rate } = draft
  return (
    <fieldset className={styles.part}>
      <legend className={styles.legend}>Speed</legend>
      <div className={styles.grid}>
        <Field
          label={draft.type === 'pull' ? 'Events out at a time' : 'Attempts at a time'}
          error={errors.concurrency}
        >
          {(control) => (
            <NumberInput
              {...control}
              min={1}
              max={10_000}
              value={draft.concurrency}
              onChange={(concurrency) => set({ concurrency })}
            />
          )}
        </Field>
        {draft.type === 'http' && (
          <Field label="Timeout" help="Of one attempt, everything together." error={errors.timeout_ms}>
            {(control) => (
              <DurationInput
                {...control}
                value={draft.timeout_ms}
                onChange={(ms) => ms !== null && set({ timeout_ms: ms })}
              />
            )}
          </Field>
        )}
        {draft.type === 'http' && (
          <Field label="HTTP version" error={errors.http_version}>
            {(control) => (
              <Select
                {...control}
                value={draft.http_version}
                onChange={(event) => set({ http_version: event.target.value as Draft['http_version'] })}
              >
                <option value="auto">Whichever it picks</option>
                <option value="1.1">HTTP/1.1</option>
                <option value="2">HTTP/2</option>
              </Select>
            )}
          </Field>
        )}
      </div>
      <Switch
        label="No faster than a rate"
        checked={rate !== null}
        onChange={(on) => set({ rate: on ? RATE : null })}
      />
      {rate && (
        <div className={styles.grid}>
          <Field label="Attempts" error={errors.rate ?? errorAt(errors, 'rate.limit')}>
            {(control) => (
              <NumberInput
                {...control}
                min={1}
                value={rate.limit}
                onChange={(limit) => set({ rate: { ...rate, limit } })}
              />
            )}
          </Field>
          <Field label="Per" error={errors['rate.per']}>
            {(control) => (
              <Select
                {...control}
                value={rate.per}
                onChange={(event) => set({ rate: { ...rate, per: event.target.value as Rate['per'] } })}
              >
                <option value="second">second</option>
                <option value="minute">minute</option>
                <option value="hour">hour</option>
              </Select>
            )}
          </Field>
          <Field label="Burst" help="At once, after a rest." error={errors['rate.burst']}>
            {(control) => (
              <NumberInput
                {...control}
                min={1}
                value={rate.burst}
                onChange={(burst) => set({ rate: { ...rate, burst } })}
              />
            )}
          </Field>
        </div>
      )}
      {draft.type === 'http' && (
        <>
          <Switch
            label="Append the path and query of the incoming URL"
            checked={draft.append_path}
            onChange={(append_path) => set({ append_path })}
          />
          <Switch
            label="Slow start: one attempt at a time at first after an outage or a pause"
            checked={draft.slow_start}
            onChange={(slow_start) => set({ slow_start })}
          />
        </>
      )}
    </fieldset>
  )
}

function Failing({ draft, set, errors }: PartProps) {
  const { breaker } = draft
  const change = (next: Partial<Breaker>) => set({ breaker: { ...breaker, ...next } })
  return (
    <fieldset className={styles.part}>
      <legend className={styles.legend}>While it fails</legend>
      <Switch
        label="Breaker: leave it alone for a while, and use up no retries meanwhile"
        checked={breaker.enabled}
        onChange={(enabled) => change({ enabled })}
      />
      {breaker.enabled && (
        <div className={styles.grid}>
          <Field
            label="Failures in a row"
            help="0 to leave that out."
            error={errors['breaker.consecutive_failures']}
          >
            {(control) => (
              <NumberInput
                {...control}
                min={0}
                value={breaker.consecutive_failures}
                onChange={(consecutive_failures) => change({ consecutive_failures })}
              />
            )}
          </Field>
          <Field
            label="Or so many percent"
            help="0 to leave that out."
            error={errors['breaker.error_percent']}
          >
            {(control) => (
              <NumberInput
                {...control}
                min={0}
                max={100}
                value={breaker.error_percent}
                onChange={(error_percent) => change({ error_percent })}
              />
            )}
          </Field>
          <Field label="Of at least so many" error={errors['breaker.attempts_min']}>
            {(control) => (
              <NumberInput
                {...control}
                min={1}
                value={breaker.attempts_min}
                onChange={(attempts_min) => change({ attempts_min })}
              />
            )}
          </Field>
          <Field label="Within" error={errors['breaker.window_ms']}>
            {(control) => (
              <DurationInput
                {...control}
                value={breaker.window_ms}
                onChange={(ms) => ms !== null && change({ window_ms: ms })}
              />
            )}
          </Field>
          <Field label="First probe after" error={errors['breaker.probe_first_ms']}>
            {(control) => (
              <DurationInput
                {...control}
                value={breaker.probe_first_ms}
                onChange={(ms) => ms !== null && change({ probe_first_ms: ms })}
              />
            )}
          </Field>
          <Field label="At most" error={errors['breaker.probe_max_ms']}>
            {(control) => (
              <DurationInput
                {...control}
                value={breaker.probe_max_ms}
                onChange={(ms) => ms !== null && change({ probe_max_ms: ms })}
              />
            )}
          </Field>
        </div>
      )}
      <Switch
        label="Disable its connections after a long time of nothing but failure"
        checked={draft.disable_after_ms > 0}
        onChange={(on) => set({ disable_after_ms: on ? 432_000_000 : 0 })}
      />
      {draft.disable_after_ms > 0 && (
        <div className={styles.grid}>
          <Field label="After" error={errors.disable_after_ms}>
            {(control) => (
              <DurationInput
                {...control}
                value={draft.disable_after_ms}
                onChange={(ms) => ms !== null && ms > 0 && set({ disable_after_ms: ms })}
              />
            )}
          </Field>
        </div>
      )}
    </fieldset>
  )
}

/** What is said of a new one only: secrets are rotated later, and a button pauses it. */
function Beginning({ draft, set, errors }: PartProps) {
  return (
    <fieldset className={styles.part}>
      <legend className={styles.legend}>Beginning</legend>
      {draft.type === 'http' && (
        <Field
          label="Signing secrets"
          optional
          error={errorAt(errors, 'signing_secrets')}
          help="Of your own, whsec_… or whsk_…, one in each line; all of them sign. Without any, one is made and shown once."
        >
          {(control) => (
            <TextArea
              {...control}
              rows={2}
              placeholder="made by the gateway"
              value={draft.signing_secrets}
              onChange={(event) => set({ signing_secrets: event.target.value })}
            />
          )}
        </Field>
      )}
      <Switch
        label="Begin paused: events wait until it is resumed"
        checked={draft.paused}
        onChange={(paused) => set({ paused })}
      />
    </fieldset>
  )
}

type NumberProps = {
  value: number
  onChange: (value: number) => void
  min?: number
  max?: number
  id?: string
}

/** A whole number. What is being typed may be none yet. */
function NumberInput({ value, onChange, ...rest }: NumberProps) {
  const [text, setText] = useState(String(value))
  return (
    <Input
      {...rest}
      type="number"
      step={1}
      value={Number(text) === value ? text : String(value)}
      onChange={(event) => {
        setText(event.target.value)
        const number = Math.round(Number(event.target.value))
        if (event.target.value !== '' && Number.isFinite(number)) onChange(number)
      }}
    />
  )
}
