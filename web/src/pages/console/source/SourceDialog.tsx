// A source, made or changed: its provider, and what that one signs with.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { patch, post, remove } from '@/api/client'
import { Problem } from '@/api/problem'
import * as queries from '@/api/queries'
import type { ProviderDetail, Source } from '@/api/types'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { Field, Input, Select, TextArea } from '@/ui/Field'
import { Note } from '@/ui/States'
import { toast } from '@/ui/toast'
import { ProviderPicker } from './ProviderPicker'
import { makeUp } from './secret'
import styles from './SourceDialog.module.css'

type Props = {
  source: Source | null
  provider?: string
  onClose: () => void
  onSaved: (source: Source) => void
}

export function SourceDialog({ source, provider: preset, onClose, onSaved }: Props) {
  const client = useQueryClient()
  const [name, setName] = useState(source?.name ?? '')
  const [providerName, setProviderName] = useState(preset ?? source?.provider ?? 'none')
  const { data: provider } = useQuery(queries.provider(providerName))
  const [secret, setSecret] = useState('')
  const [settings, setSettings] = useState<Record<string, string>>(() => textsOf(source?.settings))
  const [problem, setProblem] = useState<Problem | null>(null)
  const [busy, setBusy] = useState(false)
  const same = source?.provider === providerName
  const fromFile = source?.managed_by === 'file'

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setProblem(null)
    const secrets = secret.trim() === '' ? (same ? undefined : []) : [secret.trim()]
    const body = {
      name: name.trim(),
      provider: providerName,
      ...(secrets && { secrets }),
      settings: settingsFor(provider, settings, source, same),
    }
    try {
      const saved = source
        ? await patch<Source>(`/sources/${source.id}`, body)
        : await post<Source>('/sources', body)
      await client.invalidateQueries({ queryKey: ['sources'] })
      toast.good(source ? 'Source saved' : 'Source made', saved.name)
      onSaved(saved)
    } catch (error) {
      setProblem(error instanceof Problem ? error : null)
      if (!(error instanceof Problem)) throw error
    } finally {
      setBusy(false)
    }
  }
  const erase = async () => {
    if (!source) return
    try {
      await remove(`/sources/${source.id}`)
      await client.invalidateQueries({ queryKey: ['sources'] })
      toast.plain('Source deleted', `${source.name} takes nothing any more. Its history is kept.`)
      onClose()
    } catch (error) {
      if (error instanceof Problem) setProblem(error)
    }
  }
  const at = (field: string) =>
    problem?.field === field || problem?.field?.startsWith(`${field}.`) ? problem.detail : null
  const known = [
    'name',
    'provider',
    'secrets',
    ...(provider?.settings ?? []).map((setting) => `settings.${setting.name}`),
  ]

  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={source ? `Source ${source.name}` : 'New source'}
      description={source ? undefined : 'A URL for the webhooks of one provider.'}
      footer={
        <>
          {source && (
            <Button look="danger" icon="trash" onClick={() => void erase()} disabled={fromFile}>
              Delete
            </Button>
          )}
          <span className={styles.push} />
          <Button look="quiet" onClick={onClose}>
            Cancel
          </Button>
          <Button
            look="primary"
            type="submit"
            form="source"
            busy={busy}
            disabled={fromFile || name.trim() === ''}
          >
            {source ? 'Save' : 'Make it'}
          </Button>
        </>
      }
    >
      <form id="source" onSubmit={(event) => void submit(event)}>
        {fromFile && (
          <Note tone="amber" title="Declared by the configuration file">
            Change it there.
          </Note>
        )}
        {problem && !known.includes(problem.field ?? '') && (
          <Note tone="red" title={problem.title}>
            {problem.detail}
          </Note>
        )}
        <Field label="Name" error={at('name')}>
          {(control) => (
            <Input
              {...control}
              required
              maxLength={100}
              placeholder="github"
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <Field label="Provider" error={at('provider')}>
          {(control) => (
            <ProviderPicker
              id={control.id}
              value={providerName}
              onChange={(next) => {
                setProviderName(next)
                if (!source && name === '') setName(next === 'none' ? '' : next)
              }}
            />
          )}
        </Field>
        {provider && provider.name !== 'none' && (
          <>
            <Secret
              provider={provider}
              source={same ? source : null}
              value={secret}
              onChange={setSecret}
              error={at('secrets')}
            />
            {provider.settings.map((setting) => (
              <Setting
                key={setting.name}
                setting={setting}
                value={settings[setting.name] ?? ''}
                onChange={(value) => setSettings({ ...settings, [setting.name]: value })}
                error={at(`settings.${setting.name}`) ?? at(setting.name)}
              />
            ))}
            {provider.note && <p className={styles.note}>{provider.note}</p>}
          </>
        )}
      </form>
    </Dialog>
  )
}

type SecretProps = {
  provider: ProviderDetail
  source: Source | null
  value: string
  onChange: (value: string) => void
  error: string | null
}

function Secret({ provider, source, value, onChange, error }: SecretProps) {
  if (!provider.secret && !provider.secrets_required) return null
  const called = provider.secret?.called ?? 'secret'
  const hints = source?.secrets.map((secret) => secret.hint).join(', ')
  const canMakeUp = makeUp(provider) !== null
  const isKey = provider.secret?.public
  return (
    <Field
      label={called.charAt(0).toUpperCase() + called.slice(1)}
      optional={!provider.secrets_required || Boolean(hints)}
      error={error}
      help={
        <>
          {hints && <>Stored: {hints}. Leave it empty to keep that. </>}
          {provider.secret?.found && <>Where it is: {provider.secret.found}. </>}
          {provider.docs && (
            <a className={styles.link} href={provider.docs} target="_blank" rel="noreferrer">
              {provider.title}’s documentation
            </a>
          )}
        </>
      }
    >
      {(control) =>
        isKey ? (
          <TextArea {...control} value={value} onChange={(event) => onChange(event.target.value)} />
        ) : (
          <span className={styles.secret}>
            <Input {...control} mono value={value} onChange={(event) => onChange(event.target.value)} />
            {canMakeUp && <Button onClick={() => onChange(makeUp(provider) ?? '')}>Make one up</Button>}
          </span>
        )
      }
    </Field>
  )
}

type SettingProps = {
  setting: ProviderDetail['settings'][number]
  value: string
  onChange: (value: string) => void
  error: string | null
}

function Setting({ setting, value, onChange, error }: SettingProps) {
  return (
    <Field
      label={<code>{setting.name}</code>}
      optional={!setting.required}
      help={setting.meaning}
      error={error}
    >
      {(control) =>
        setting.values.length > 0 ? (
          <Select {...control} value={value} onChange={(event) => onChange(event.target.value)}>
            <option value="">{setting.default ? `${setting.default} (default)` : 'none'}</option>
            {setting.values.map((option) => (
              <option key={option}>{option}</option>
            ))}
          </Select>
        ) : (
          <Input
            {...control}
            mono
            required={setting.required && value === ''}
            placeholder={setting.default ?? undefined}
            value={value}
            onChange={(event) => onChange(event.target.value)}
          />
        )
      }
    </Field>
  )
}

/** Settings as texts; those that are secret come as hints, which are no values. */
function textsOf(settings: Record<string, unknown> | undefined): Record<string, string> {
  const texts: Record<string, string> = {}
  for (const [name, value] of Object.entries(settings ?? {})) {
    if (typeof value === 'string' || typeof value === 'number') texts[name] = String(value)
  }
  return texts
}

/** The settings that the provider has, and `null` for those that are to go. */
function settingsFor(
  provider: ProviderDetail | undefined,
  texts: Record<string, string>,
  source: Source | null,
  same: boolean,
): Record<string, string | null> {
  const settings: Record<string, string | null> = {}
  for (const { name } of provider?.settings ?? []) {
    const text = texts[name]?.trim() ?? ''
    if (text !== '') settings[name] = text
    else if (same && source && typeof source.settings[name] === 'string') settings[name] = null
  }
  if (!same) for (const name of Object.keys(source?.settings ?? {})) settings[name] ??= null
  return settings
}
