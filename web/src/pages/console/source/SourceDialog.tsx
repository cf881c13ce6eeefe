// A source, made or changed.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { change } from '@/api/change'
import { post } from '@/api/client'
import { errorAt, errorElsewhere, errorsOf, type Errors } from '@/api/problem'
import * as queries from '@/api/queries'
import type { Source } from '@/api/types'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { Field, Input } from '@/ui/Field'
import { Note } from '@/ui/States'
import { toast } from '@/ui/toast'
import { draftBody, draftFrom } from './draft'
import { ProviderPicker } from './ProviderPicker'
import styles from './SourceDialog.module.css'
import { More, Secrets, Setting } from './SourceFields'

type Props = {
  source: Source | null
  provider?: string
  onClose: () => void
  onSaved: (source: Source) => void
}

/** What stands behind the button for more. */
const MORE = ['token', 'public_url', 'methods', 'answer']

export function SourceDialog({ source, provider: preset, onClose, onSaved }: Props) {
  const client = useQueryClient()
  const [stored, setStored] = useState(source)
  const [draft, setDraft] = useState(() => ({ ...draftFrom(source), ...(preset && { provider: preset }) }))
  const { data: provider } = useQuery(queries.provider(draft.provider))
  const [errors, setErrors] = useState<Errors>({})
  const [busy, setBusy] = useState(false)
  const [more, setMore] = useState(() => isParticular(source))
  const set = (next: Partial<typeof draft>) => setDraft((before) => ({ ...before, ...next }))
  const at = (field: string) => errorAt(errors, field)
  const fromFile = stored?.managed_by === 'file'

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setErrors({})
    const body = draftBody(draft, provider, stored)
    try {
      const saved = stored ? await save(stored, body) : await post<Source>('/sources', body)
      if (!saved) return
      await client.invalidateQueries({ queryKey: ['sources'] })
      toast.good(stored ? 'Source saved' : 'Source made', saved.name)
      onSaved(saved)
    } catch (error) {
      const found = errorsOf(error)
      setErrors(found)
      if (MORE.some((field) => errorAt(found, field))) setMore(true)
    } finally {
      setBusy(false)
    }
  }
  const save = async (before: Source, body: unknown): Promise<Source | null> => {
    const outcome = await change('sources', before, { body, typed: true })
    if (outcome.made) return outcome.answer
    if (outcome.newer) {
      setStored(outcome.newer)
      setDraft(draftFrom(outcome.newer))
    }
    return null
  }
  const erase = async () => {
    if (!stored) return
    try {
      const outcome = await change('sources', stored, { method: 'DELETE' })
      if (!outcome.made) return
      await client.invalidateQueries({ queryKey: ['sources'] })
      toast.plain('Source deleted', `${stored.name} takes nothing any more. Its history is kept.`)
      onClose()
    } catch (error) {
      setErrors(errorsOf(error))
    }
  }
  const elsewhere = errorElsewhere(errors, [
    'name',
    'provider',
    'secrets',
    ...MORE,
    ...(provider?.settings ?? []).map(settingField),
  ])

  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={stored ? `Source ${stored.name}` : 'New source'}
      description={stored ? undefined : 'A URL for the webhooks of one provider.'}
      footer={
        <>
          {stored && (
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
            disabled={fromFile || draft.name.trim() === ''}
          >
            {stored ? 'Save' : 'Make it'}
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
        {elsewhere && <Note tone="red">{elsewhere}</Note>}
        <Field label="Name" error={at('name')}>
          {(control) => (
            <Input
              {...control}
              required
              maxLength={100}
              placeholder="github"
              value={draft.name}
              onChange={(event) => set({ name: event.target.value })}
            />
          )}
        </Field>
        <Field label="Provider" error={at('provider')}>
          {(control) => (
            <ProviderPicker
              id={control.id}
              value={draft.provider}
              onChange={(next) =>
                set({
                  provider: next,
                  ...(!stored && draft.name === '' && { name: next === 'none' ? '' : next }),
                })
              }
            />
          )}
        </Field>
        {provider && provider.name !== 'none' && (
          <>
            <Secrets
              provider={provider}
              source={stored?.provider === draft.provider ? stored : null}
              value={draft.secrets}
              onChange={(secrets) => set({ secrets })}
              error={at('secrets')}
            />
            {provider.settings.map((setting) => (
              <Setting
                key={setting.name}
                setting={setting}
                value={draft.settings[setting.name] ?? ''}
                onChange={(value) => set({ settings: { ...draft.settings, [setting.name]: value } })}
                error={at(settingField(setting))}
              />
            ))}
            {provider.note && <p className={styles.note}>{provider.note}</p>}
          </>
        )}
        {more ? (
          <More draft={draft} set={set} errors={errors} stored={stored} />
        ) : (
          <div className={styles.more}>
            <Button small look="quiet" icon="down" onClick={() => setMore(true)}>
              Token, public URL, methods, answer
            </Button>
          </div>
        )}
      </form>
    </Dialog>
  )
}

const settingField = ({ name }: { name: string }) => `settings.${name}`

/** Something of it is not as with most sources. */
function isParticular(source: Source | null): boolean {
  return (
    source !== null && (source.public_url !== null || source.methods.length > 0 || source.answer !== null)
  )
}
