// The form for a new connection, as a page.
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { post } from '@/api/client'
import { errorsOf, type Errors } from '@/api/problem'
import type { Connection } from '@/api/types'
import { Button, ButtonLink } from '@/ui/Button'
import { Page } from '@/ui/Page'
import { SaveBar } from '@/ui/SaveBar'
import { toast } from '@/ui/toast'
import { ConnectionForm } from './form/ConnectionForm'
import { draftBody, emptyDraft, whatIsMissing } from './form/draft'
import { useLeaveGuard } from './form/useLeaveGuard'

export function NewConnection() {
  const search = useSearch({ from: '/connections' })
  const navigate = useNavigate({ from: '/connections' })
  const client = useQueryClient()
  const [draft, setDraft] = useState(() => emptyDraft(search.source_id, search.destination_id))
  const [touched, setTouched] = useState(false)
  const [errors, setErrors] = useState<Errors>({})
  const [busy, setBusy] = useState(false)
  const release = useLeaveGuard(touched)

  const save = async () => {
    const missing = whatIsMissing(draft)
    setErrors(missing)
    if (Object.keys(missing).length > 0) return
    setBusy(true)
    try {
      const made = await post<Connection>('/connections', draftBody(draft))
      await client.invalidateQueries({ queryKey: ['connections'] })
      toast.good('Connected', `Events go along ${made.name} from now on.`)
      release()
      await navigate({ to: '/connections/$id', params: { id: made.id }, search: {} })
    } catch (error) {
      setErrors(errorsOf(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Page title="New connection">
      <ConnectionForm
        draft={draft}
        onChange={(next) => {
          setDraft(next)
          setTouched(true)
        }}
        errors={errors}
        sampleId={search.sample}
        onSample={(sample) =>
          void navigate({ search: (before) => ({ ...before, sample }), replace: true, ignoreBlocker: true })
        }
        footer={
          <SaveBar errors={errors} unsaved={false}>
            <ButtonLink to="/connections" search={{}}>
              Cancel
            </ButtonLink>
            <Button look="primary" busy={busy} onClick={() => void save()}>
              Connect
            </Button>
          </SaveBar>
        }
      />
    </Page>
  )
}
