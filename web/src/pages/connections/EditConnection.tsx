// The form of a connection that is there already.
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { change } from '@/api/change'
import { useMay } from '@/api/may'
import { errorsOf, type Errors } from '@/api/problem'
import type { Connection } from '@/api/types'
import { DraftBar } from '@/ui/SaveBar'
import { toast } from '@/ui/toast'
import { LookOnly } from '@/ui/LookOnly'
import { useDraft } from '@/ui/useDraft'
import { ConnectionForm } from './form/ConnectionForm'
import { draftBody, draftFrom, whatIsMissing } from './form/draft'
import { useLeaveGuard } from './form/useLeaveGuard'

type Props = { connection: Connection; onDone: () => void }

export function EditConnection({ connection, onDone }: Props) {
  const search = useSearch({ from: '/connections/$id' })
  const navigate = useNavigate({ from: '/connections/$id' })
  const client = useQueryClient()
  const { seen, draft, touched, write, drop, beginning } = useDraft(connection, draftFrom)
  const [errors, setErrors] = useState<Errors>({})
  const [busy, setBusy] = useState(false)
  const mayChange = useMay()('admin')
  const release = useLeaveGuard(touched && mayChange)

  const save = async () => {
    const missing = whatIsMissing(draft)
    setErrors(missing)
    if (Object.keys(missing).length > 0) return
    setBusy(true)
    try {
      const outcome = await change('connections', seen, { body: draftBody(draft), typed: true })
      if (!outcome.made) {
        if (outcome.newer) drop()
        return
      }
      release()
      onDone()
      await client.invalidateQueries({ queryKey: ['connections'] })
      toast.good('Saved', 'It holds for requests that arrive from now on.')
    } catch (error) {
      setErrors(errorsOf(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <LookOnly needs="admin" tries="operate">
      <ConnectionForm
        key={`${seen.updated_at} ${beginning}`}
        draft={draft}
        onChange={write}
        errors={errors}
        sampleId={search.sample}
        onSample={(sample) => void navigate({ search: (before) => ({ ...before, sample }), replace: true })}
        footer={
          mayChange && (
            <DraftBar
              errors={errors}
              touched={touched}
              busy={busy}
              onUndo={() => {
                drop()
                setErrors({})
              }}
              onSave={() => void save()}
            />
          )
        }
      />
    </LookOnly>
  )
}
