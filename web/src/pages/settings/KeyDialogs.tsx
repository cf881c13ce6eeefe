// Making and rotating a key. What was made is shown once, and the dialog stays until that was noted.
import { useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { change } from '@/api/change'
import { post } from '@/api/client'
import { describe, errorElsewhere, errorsOf, type Errors } from '@/api/problem'
import type { ApiKey, Scope } from '@/api/types'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { DurationInput } from '@/ui/DurationInput'
import { Field, Input } from '@/ui/Field'
import { SecretOnce } from '@/ui/SecretOnce'
import { Note } from '@/ui/States'
import { SCOPES } from './scopes'
import styles from './Settings.module.css'

function Shown({ apiKey, title, close }: { apiKey: ApiKey; title: string; close: () => void }) {
  return (
    <Dialog
      open
      onOpenChange={close}
      title={title}
      description="This is the key. It is shown now and never again."
      footer={
        <Button look="primary" onClick={close}>
          I have noted it
        </Button>
      }
    >
      <SecretOnce secret={apiKey.key_generated ?? ''} label={`API key, scope ${apiKey.scope}`} />
    </Dialog>
  )
}

export function NewKey({ close }: { close: () => void }) {
  const client = useQueryClient()
  const [name, setName] = useState('')
  const [scope, setScope] = useState<Scope>('read')
  const [life, setLife] = useState<number | null>(null)
  const [errors, setErrors] = useState<Errors>({})
  const [busy, setBusy] = useState(false)
  const [made, setMade] = useState<ApiKey | null>(null)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setErrors({})
    try {
      const expires_at = life === null ? null : new Date(Date.now() + life).toISOString()
      setMade(
        await post<ApiKey>('/api_keys', { name: name.trim(), scope, ...(expires_at && { expires_at }) }),
      )
      await client.invalidateQueries({ queryKey: ['api_keys'] })
    } catch (error) {
      setErrors(errorsOf(error))
    } finally {
      setBusy(false)
    }
  }
  const wrong = errorElsewhere(errors, ['name', 'expires_at'])
  if (made) return <Shown apiKey={made} title={`The key ${made.name} is made`} close={close} />
  return (
    <Dialog
      open
      onOpenChange={close}
      title="New API key"
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button look="primary" type="submit" form="new-key" busy={busy}>
            Make it
          </Button>
        </>
      }
    >
      <form id="new-key" onSubmit={(event) => void submit(event)}>
        {wrong && <Note tone="red">{wrong}</Note>}
        <Field label="Name" help="Who or what uses it." error={errors.name}>
          {(control) => (
            <Input
              {...control}
              required
              value={name}
              placeholder="ci"
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <fieldset className={styles.choices}>
          <legend>What it may do</legend>
          {(Object.keys(SCOPES) as Scope[]).map((value) => (
            <label key={value} className={styles.choice}>
              <input
                type="radio"
                name="scope"
                value={value}
                checked={scope === value}
                onChange={() => setScope(value)}
              />
              <strong>{value}</strong>
              <span>{SCOPES[value].meaning}</span>
            </label>
          ))}
        </fieldset>
        <Field
          label="Ends after"
          optional
          help="Like 30d or 12h; without it, never."
          error={errors.expires_at}
        >
          {(control) => <DurationInput {...control} value={life} onChange={setLife} placeholder="never" />}
        </Field>
      </form>
    </Dialog>
  )
}

export function RotateKey({ apiKey, close }: { apiKey: ApiKey; close: () => void }) {
  const client = useQueryClient()
  const [overlap, setOverlap] = useState<number | null>(86_400_000)
  const [error, setError] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const [made, setMade] = useState<ApiKey | null>(null)
  const rotate = async () => {
    setBusy(true)
    setError(null)
    try {
      const outcome = await change('api_keys', apiKey, {
        action: 'rotate',
        body: { overlap_ms: overlap ?? 0 },
      })
      if (!outcome.made) return
      setMade(outcome.answer)
      await client.invalidateQueries({ queryKey: ['api_keys'] })
    } catch (problem) {
      setError(describe(problem))
    } finally {
      setBusy(false)
    }
  }
  if (made) return <Shown apiKey={made} title={`${apiKey.name} has a new key`} close={close} />
  return (
    <Dialog
      open
      onOpenChange={close}
      size="s"
      title={`Rotate the key ${apiKey.name}`}
      description="It gets a new one. The old one holds a while longer, so that whoever uses it can change over."
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button look="primary" busy={busy} onClick={() => void rotate()}>
            Rotate
          </Button>
        </>
      }
    >
      <Field label="The old one holds for" help="With 0 it ends at once." error={error}>
        {(control) => <DurationInput {...control} value={overlap} onChange={setOverlap} />}
      </Field>
    </Dialog>
  )
}
