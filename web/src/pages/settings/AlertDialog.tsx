// An alert, new or changed. A webhook's secret that is made here is shown once.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { change } from '@/api/change'
import { post } from '@/api/client'
import { errorAt, errorElsewhere, errorsOf, type Errors } from '@/api/problem'
import * as queries from '@/api/queries'
import type { Alert, IssueKind } from '@/api/types'
import { Button } from '@/ui/Button'
import { Combobox } from '@/ui/Combobox'
import { Dialog } from '@/ui/Dialog'
import { DurationInput } from '@/ui/DurationInput'
import { Checkbox, Field, Input, Select, Switch } from '@/ui/Field'
import { SecretOnce } from '@/ui/SecretOnce'
import { Note } from '@/ui/States'
import { Segments } from '@/ui/Tabs'
import { toast } from '@/ui/toast'
import { KIND } from '../issues/issueWords'
import { KINDS } from '../issues/search'
import styles from './Settings.module.css'

type Type = Alert['channel']['type']
type Texts = Record<string, string>

/** What each channel's part of the form has. */
const FIELDS: Record<Type, string[]> = {
  webhook: ['url', 'secret'],
  slack: ['url'],
  email: ['host', 'security', 'port', 'user', 'password', 'from', 'to'],
}

type Props = { alert: Alert | null; close: () => void }

export function AlertDialog({ alert, close }: Props) {
  const [seen, setSeen] = useState(alert)
  return <Form key={seen?.updated_at} alert={seen} close={close} onNewer={setSeen} />
}

function Form({ alert, close, onNewer }: Props & { onNewer: (newer: Alert) => void }) {
  const client = useQueryClient()
  const [name, setName] = useState(alert?.name ?? '')
  const [type, setType] = useState<Type>(alert?.channel.type ?? 'webhook')
  const [channel, setChannel] = useState<Texts>(() => textsOf(alert))
  const [on, setOn] = useState<IssueKind[]>(alert?.on ?? KINDS)
  const [connections, setConnections] = useState<string[]>(alert?.connection_ids ?? [])
  const [resolutions, setResolutions] = useState(alert?.resolutions ?? true)
  const [enabled, setEnabled] = useState(alert?.enabled ?? true)
  const [interval, setInterval] = useState<number | null>(alert?.interval_ms ?? 3_600_000)
  const [errors, setErrors] = useState<Errors>({})
  const [busy, setBusy] = useState(false)
  const [secret, setSecret] = useState<string | null>(null)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setErrors({})
    const body = {
      name: name.trim(),
      channel: channelBody(type, channel, alert),
      on,
      connection_ids: connections,
      resolutions,
      interval_ms: interval ?? 0,
      enabled,
    }
    try {
      const saved = alert ? await save(alert, body) : await post<Alert>('/alerts', body)
      if (!saved) return
      await client.invalidateQueries({ queryKey: ['alerts'] })
      if (saved.channel.type === 'webhook' && saved.channel.secret_generated)
        setSecret(saved.channel.secret_generated)
      else {
        toast.good(alert ? 'Alert saved' : 'Alert made', 'Test it to see whether it arrives.')
        close()
      }
    } catch (error) {
      setErrors(errorsOf(error))
    } finally {
      setBusy(false)
    }
  }
  const save = async (before: Alert, body: unknown): Promise<Alert | null> => {
    const outcome = await change('alerts', before, { body, typed: true })
    if (outcome.made) return outcome.answer
    if (outcome.newer) onNewer(outcome.newer)
    return null
  }
  const wrong = errorElsewhere(errors, [
    'name',
    'on',
    'connection_ids',
    'interval_ms',
    ...FIELDS[type].map((part) => `channel.${part}`),
  ])
  if (secret) {
    return (
      <Dialog
        open
        onOpenChange={close}
        title={`The alert ${name} is made`}
        description="Its webhooks are signed with this secret. It is shown now and never again."
        footer={
          <Button look="primary" onClick={close}>
            I have noted it
          </Button>
        }
      >
        <SecretOnce secret={secret} label="Signing secret" />
      </Dialog>
    )
  }
  return (
    <Dialog
      open
      onOpenChange={close}
      title={alert ? `Alert ${alert.name}` : 'New alert'}
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button look="primary" type="submit" form="alert" busy={busy}>
            {alert ? 'Save' : 'Make it'}
          </Button>
        </>
      }
    >
      <form id="alert" className={styles.form} onSubmit={(event) => void submit(event)}>
        {wrong && <Note tone="red">{wrong}</Note>}
        <Field label="Name" error={errors.name}>
          {(control) => (
            <Input
              {...control}
              required
              value={name}
              placeholder="on-call"
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <Segments
          label="Channel"
          value={type}
          onChange={setType}
          options={[
            { value: 'webhook', label: 'Webhook' },
            { value: 'slack', label: 'Slack' },
            { value: 'email', label: 'Email' },
          ]}
        />
        <ChannelFields
          type={type}
          value={channel}
          onChange={(part, text) => setChannel({ ...channel, [part]: text })}
          stored={alert?.channel.type === type}
          errors={errors}
        />
        <fieldset className={styles.choices} style={{ margin: 0 }}>
          <legend>Tells of</legend>
          <div className={styles.checks}>
            {KINDS.map((kind) => (
              <Checkbox
                key={kind}
                label={KIND[kind]}
                checked={on.includes(kind)}
                onChange={(event) =>
                  setOn(event.target.checked ? [...on, kind] : on.filter((other) => other !== kind))
                }
              />
            ))}
          </div>
          {errorAt(errors, 'on') && <p className={styles.bad}>{errorAt(errors, 'on')}</p>}
        </fieldset>
        <Restricted value={connections} onChange={setConnections} error={errorAt(errors, 'connection_ids')} />
        <Switch label="Also that an issue is resolved" checked={resolutions} onChange={setResolutions} />
        <Switch label="On: it tells what happens from now on" checked={enabled} onChange={setEnabled} />
        <Field
          label="An issue that comes and goes is told once in"
          help="0 for every time; at most 30 d."
          error={errors.interval_ms}
        >
          {(control) => <DurationInput {...control} value={interval} onChange={setInterval} />}
        </Field>
      </form>
    </Dialog>
  )
}

type ChannelProps = {
  type: Type
  value: Texts
  onChange: (part: string, text: string) => void
  /** A secret that is left empty stays. */
  stored: boolean
  errors: Texts
}

function ChannelFields({ type, value, onChange, stored, errors }: ChannelProps) {
  const text = (
    part: string,
    label: string,
    more: { help?: string; hint?: string; secret?: boolean; optional?: boolean } = {},
  ) => (
    <Field
      key={part}
      label={label}
      help={more.help}
      optional={more.optional ?? false}
      error={errorAt(errors, `channel.${part}`)}
    >
      {(control) => (
        <Input
          {...control}
          mono
          type={more.secret ? 'password' : 'text'}
          autoComplete={more.secret ? 'new-password' : 'off'}
          value={value[part] ?? ''}
          placeholder={more.secret && stored ? 'stored, and not shown' : more.hint}
          onChange={(event) => onChange(part, event.target.value)}
        />
      )}
    </Field>
  )
  switch (type) {
    case 'webhook':
      return (
        <>
          {text('url', 'URL', { hint: 'https://pager.example.com/hooks' })}
          {text('secret', 'Signing secret', {
            secret: true,
            optional: true,
            help: stored
              ? 'Left empty it stays.'
              : 'It is signed after Standard Webhooks with this one, whsec_…; left empty, one is made and shown once.',
          })}
        </>
      )
    case 'slack':
      return text('url', 'URL of the incoming webhook', {
        hint: 'https://hooks.slack.com/services/…',
        help: "Mattermost, Rocket.Chat and Discord's …/slack take the same. It is a secret, and not shown again.",
        secret: stored,
      })
    case 'email':
      return (
        <div className={styles.grid}>
          {text('host', 'Mail server', { hint: 'smtp.example.com' })}
          <Field label="Security" error={errors['channel.security']}>
            {(control) => (
              <Select
                {...control}
                value={value.security || 'starttls'}
                onChange={(event) => onChange('security', event.target.value)}
              >
                <option value="starttls">STARTTLS</option>
                <option value="tls">TLS</option>
                <option value="none">none</option>
              </Select>
            )}
          </Field>
          {text('port', 'Port', { hint: 'goes with the security' })}
          {text('user', 'User', { hint: 'none' })}
          {text('password', 'Password', { secret: true })}
          {text('from', 'From', { hint: 'hookyard@example.com' })}
          {text('to', 'To', { hint: 'ops@example.com, …', help: 'At most 20, with commas between them.' })}
        </div>
      )
  }
}

function textsOf(alert: Alert | null): Texts {
  const texts: Texts = {}
  for (const [part, value] of Object.entries(alert?.channel ?? {})) {
    if (typeof value === 'string') texts[part] = value
    else if (typeof value === 'number') texts[part] = String(value)
    else if (Array.isArray(value)) texts[part] = value.join(', ')
  }
  return texts
}

function channelBody(type: Type, texts: Texts, alert: Alert | null): Record<string, unknown> {
  const same = alert?.channel.type === type
  const body: Record<string, unknown> = { type }
  const put = (part: string, empty?: null) => {
    const text = (texts[part] ?? '').trim()
    if (text !== '') body[part] = part === 'port' ? Number(text) : text
    else if (empty === null && same) body[part] = null
  }
  if (type !== 'email') {
    put('url')
    if (type === 'webhook') put('secret')
    return body
  }
  // Secrets that are left empty stay; what is shown and was emptied goes back to its default.
  for (const part of ['host', 'security', 'password', 'from']) put(part)
  put('user', null)
  put('port', null)
  body.to = (texts.to ?? '').split(/[\s,]+/).filter(Boolean)
  return body
}

function Restricted({
  value,
  onChange,
  error,
}: {
  value: string[]
  onChange: (ids: string[]) => void
  error: string | undefined
}) {
  const { data: connections } = useQuery(queries.connections)
  const left = (connections ?? []).filter((connection) => !value.includes(connection.id))
  return (
    <Field label="Of these connections" optional help="With none it is all of them." error={error}>
      {({ id }) => (
        <>
          <Combobox
            id={id}
            label="Add a connection"
            choices={left.map((connection) => ({ value: connection.id, label: connection.name }))}
            value={null}
            onChange={(chosen) => onChange([...value, chosen])}
          />
          {value.length > 0 && (
            <div className={styles.checks}>
              {value.map((chosen) => (
                <Button
                  key={chosen}
                  small
                  trailing="close"
                  onClick={() => onChange(value.filter((other) => other !== chosen))}
                >
                  {connections?.find((connection) => connection.id === chosen)?.name ?? chosen}
                </Button>
              ))}
            </div>
          )}
        </>
      )}
    </Field>
  )
}
