// When failed attempts are made again, and what is not tried again.
import { useState } from 'react'
import { errorAt, type Errors } from '@/api/problem'
import type { Retry } from '@/api/types'
import { DurationInput, parseDuration, writeDuration } from '@/ui/DurationInput'
import { Field, Input } from '@/ui/Field'
import { Segments } from '@/ui/Tabs'
import { waits } from '../ruleWords'
import styles from './ConnectionForm.module.css'
import { RetryTimeline } from './RetryTimeline'

type Props = { value: Retry; onChange: (retry: Retry) => void; errors: Errors }

export function RetryEditor({ value, onChange, errors }: Props) {
  const { retry_on, give_up_on, max_age_ms } = value
  const at = (part: string) => errorAt(errors, `retry.${part}`)
  const conditions = { retry_on, give_up_on, max_age_ms }
  const choose = (schedule: Retry['schedule']) => {
    if (schedule === value.schedule) return
    if (schedule === 'exponential')
      onChange({
        schedule,
        first_ms: 5_000,
        factor_percent: 300,
        max_ms: 43_200_000,
        retries: 14,
        ...conditions,
      })
    else if (schedule === 'linear')
      onChange({
        schedule,
        first_ms: 60_000,
        step_ms: 60_000,
        max_ms: 43_200_000,
        retries: 14,
        ...conditions,
      })
    // What stood there is a good beginning.
    else onChange({ schedule, waits_ms: waits(value).map(Math.round), ...conditions })
  }
  return (
    <div className={styles.stack}>
      <Segments
        label="Schedule of retries"
        value={value.schedule}
        onChange={choose}
        options={[
          { value: 'exponential', label: 'Ever longer' },
          { value: 'linear', label: 'Step by step' },
          { value: 'custom', label: 'These waits' },
        ]}
      />
      {value.schedule === 'custom' ? (
        <Waits
          value={value.waits_ms}
          onChange={(waits_ms) => onChange({ ...value, waits_ms })}
          error={at('waits_ms')}
        />
      ) : (
        <div className={styles.grid}>
          <Field label="First wait" error={at('first_ms')}>
            {(control) => (
              <DurationInput
                {...control}
                value={value.first_ms}
                onChange={(ms) => ms !== null && onChange({ ...value, first_ms: ms })}
              />
            )}
          </Field>
          {value.schedule === 'exponential' ? (
            <Field label="Each longer by" help="Times the one before." error={at('factor_percent')}>
              {(control) => (
                <Input
                  {...control}
                  type="number"
                  min={1}
                  max={100}
                  step={0.1}
                  value={value.factor_percent / 100}
                  onChange={(event) =>
                    onChange({ ...value, factor_percent: Math.round(Number(event.target.value) * 100) })
                  }
                />
              )}
            </Field>
          ) : (
            <Field label="Each longer by" error={at('step_ms')}>
              {(control) => (
                <DurationInput
                  {...control}
                  value={value.step_ms}
                  onChange={(ms) => ms !== null && onChange({ ...value, step_ms: ms })}
                />
              )}
            </Field>
          )}
          <Field label="At most" error={at('max_ms')}>
            {(control) => (
              <DurationInput
                {...control}
                value={value.max_ms}
                onChange={(ms) => ms !== null && onChange({ ...value, max_ms: ms })}
              />
            )}
          </Field>
          <Field label="Retries" help="0 to 100." error={at('retries')}>
            {(control) => (
              <Input
                {...control}
                type="number"
                min={0}
                max={100}
                value={value.retries}
                onChange={(event) =>
                  onChange({
                    ...value,
                    retries: Math.min(Math.max(Math.round(Number(event.target.value)), 0), 100),
                  })
                }
              />
            )}
          </Field>
        </div>
      )}
      {errors.retry && <p className={styles.error}>{errors.retry}</p>}
      <RetryTimeline retry={value} />
      <div className={styles.grid3}>
        <Words
          label="Retry only on"
          help="Codes, ranges, errors: 503, 500-599, timeout. With none it is all."
          value={retry_on}
          error={at('retry_on')}
          onChange={(words) => onChange({ ...value, retry_on: words })}
        />
        <Words
          label="Give up on"
          help="What is final, also where it stands on the left."
          value={give_up_on}
          error={at('give_up_on')}
          onChange={(words) => onChange({ ...value, give_up_on: words })}
        />
        <Field label="Not later than" optional help="After the request arrived." error={at('max_age_ms')}>
          {(control) => (
            <DurationInput
              {...control}
              placeholder="any age"
              value={max_age_ms}
              onChange={(ms) => onChange({ ...value, max_age_ms: ms })}
            />
          )}
        </Field>
      </div>
    </div>
  )
}

type WaitsProps = { value: number[]; onChange: (value: number[]) => void; error: string | undefined }

function Waits({ value, onChange, error }: WaitsProps) {
  const [text, setText] = useState(() => value.map(writeDuration).join(', '))
  const parts = text.split(/[,\n]+/).filter((part) => part.trim() !== '')
  const wrong = parts.find((part) => parseDuration(part) === null)
  return (
    <Field
      label="Waits"
      help="One after the other, with commas between them. They are followed exactly; with none there are no retries."
      error={wrong ? `“${wrong.trim()}” is no span of time: write 30s, 5m, 2h or 3d.` : error}
    >
      {(control) => (
        <Input
          {...control}
          mono
          value={text}
          placeholder="1s, 1m, 1h"
          onChange={(event) => {
            setText(event.target.value)
            const read = event.target.value
              .split(/[,\n]+/)
              .filter((part) => part.trim() !== '')
              .map(parseDuration)
            if (read.every((ms) => ms !== null)) onChange(read)
          }}
        />
      )}
    </Field>
  )
}

function Words({
  label,
  help,
  value,
  onChange,
  error,
}: {
  label: string
  help: string
  value: string[]
  error: string | undefined
  onChange: (value: string[]) => void
}) {
  const [text, setText] = useState(() => value.join(', '))
  return (
    <Field label={label} optional help={help} error={error}>
      {(control) => (
        <Input
          {...control}
          mono
          value={text}
          placeholder={label === 'Give up on' ? '404, 422' : 'all'}
          onChange={(event) => {
            setText(event.target.value)
            onChange(event.target.value.split(/[\s,]+/).filter(Boolean))
          }}
        />
      )}
    </Field>
  )
}
