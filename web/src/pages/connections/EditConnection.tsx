// The form of a connection that is there already.
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { patch } from '@/api/client'
import { describe, Problem } from '@/api/problem'
import type { Connection } from '@/api/types'
import { Button } from '@/ui/Button'
import { toast } from '@/ui/toast'
import { ConnectionForm } from './form/ConnectionForm'
import styles from './form/ConnectionForm.module.css'
import { draftBody, draftFrom, whatIsMissing } from './form/draft'
import { useLeaveGuard } from './form/useLeaveGuard'

type Props = { connection: Connection; onDone: () => void }

export function EditConnection({ connection, onDone }: Props) {
  const search = useSearch({ from: '/connections/$id' })
  const navigate = useNavigate({ from: '/connections/$id' })
  const client = useQueryClient()
  const [draft, setDraft] = useState(() => draftFrom(connection))
  const [touched, setTouched] = useState(false)
  const [errors, setErrors] = useState<Record<string, string>>({})
  const [busy, setBusy] = useState(false)
  const release = useLeaveGuard(touched)

  const save = async () => {
    const missing = whatIsMissing(draft)
    setErrors(missing)
    if (Object.keys(missing).length > 0) return
    setBusy(true)
    try {
      await patch(`/connections/${connection.id}`, draftBody(draft))
      release()
      onDone()
      await client.invalidateQueries({ queryKey: ['connections'] })
      toast.good('Saved', 'It holds for requests that arrive from now on.')
    } catch (error) {
      setErrors({ [(error instanceof Problem && error.field) || 'all']: describe(error) })
    } finally {
      setBusy(false)
    }
  }
  const wrong = Object.values(errors)[0]
  return (
    <ConnectionForm
      draft={draft}
      onChange={(next) => {
        setDraft(next)
        setTouched(true)
      }}
      errors={errors}
      sampleId={search.sample}
      onSample={(sample) => void navigate({ search: (before) => ({ ...before, sample }), replace: true })}
      footer={
        <div className={styles.save}>
          <span className={wrong ? styles.error : undefined} role="status">
            {wrong ?? (touched ? 'Not saved yet.' : '')}
          </span>
          <Button
            disabled={!touched}
            onClick={() => {
              setDraft(draftFrom(connection))
              setTouched(false)
              setErrors({})
            }}
          >
            Undo all
          </Button>
          <Button look="primary" busy={busy} disabled={!touched} onClick={() => void save()}>
            Save
          </Button>
        </div>
      }
    />
  )
}
