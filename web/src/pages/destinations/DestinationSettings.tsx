// The form of a destination that is there already.
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { change } from '@/api/change'
import { useMay } from '@/api/may'
import { errorsOf, type Errors } from '@/api/problem'
import type { Destination } from '@/api/types'
import { Note } from '@/ui/States'
import { DraftBar } from '@/ui/SaveBar'
import { toast } from '@/ui/toast'
import { LookOnly } from '@/ui/LookOnly'
import { useDraft } from '@/ui/useDraft'
import { useLeaveGuard } from '../connections/form/useLeaveGuard'
import { DestinationForm } from './DestinationForm'
import { draftBody, draftFrom } from './draft'

export function DestinationSettings({ destination }: { destination: Destination }) {
  const client = useQueryClient()
  const { seen, draft, touched, write, drop, beginning } = useDraft(destination, draftFrom)
  const [errors, setErrors] = useState<Errors>({})
  const [busy, setBusy] = useState(false)
  const mayChange = useMay()('admin')
  useLeaveGuard(touched)
  if (destination.managed_by === 'file') {
    return (
      <Note title="The configuration file declares this destination">
        It is shown here and changed there. It can be paused and resumed here all the same.
      </Note>
    )
  }
  const save = async () => {
    setBusy(true)
    setErrors({})
    try {
      const outcome = await change('destinations', seen, { body: draftBody(draft, seen), typed: true })
      if (outcome.made) await client.invalidateQueries({ queryKey: ['destinations'] })
      if (outcome.made || outcome.newer) drop()
      if (outcome.made) toast.good('Saved', 'The next attempt goes by it.')
    } catch (error) {
      setErrors(errorsOf(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <LookOnly needs="admin">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        <DestinationForm
          key={`${seen.updated_at} ${beginning}`}
          draft={draft}
          onChange={write}
          errors={errors}
          stored={seen}
        />
        {mayChange && (
          <DraftBar
            errors={errors}
            touched={touched}
            busy={busy}
            onUndo={() => {
              drop()
              setErrors({})
            }}
          />
        )}
      </form>
    </LookOnly>
  )
}
