// The form of a destination that is there already.
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { patch } from '@/api/client'
import { describe, Problem } from '@/api/problem'
import type { Destination } from '@/api/types'
import { Button } from '@/ui/Button'
import { Note } from '@/ui/States'
import { toast } from '@/ui/toast'
import form from '../connections/form/ConnectionForm.module.css'
import { useLeaveGuard } from '../connections/form/useLeaveGuard'
import { DestinationForm } from './DestinationForm'
import { draftBody, draftFrom } from './draft'

export function DestinationSettings({ destination }: { destination: Destination }) {
  const client = useQueryClient()
  const [draft, setDraft] = useState(() => draftFrom(destination))
  const [touched, setTouched] = useState(false)
  const [errors, setErrors] = useState<Record<string, string>>({})
  const [busy, setBusy] = useState(false)
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
      const saved = await patch<Destination>(`/destinations/${destination.id}`, draftBody(draft, destination))
      setDraft(draftFrom(saved))
      setTouched(false)
      await client.invalidateQueries({ queryKey: ['destinations'] })
      toast.good('Saved', 'The next attempt goes by it.')
    } catch (error) {
      setErrors({ [(error instanceof Problem && error.field) || 'all']: describe(error) })
    } finally {
      setBusy(false)
    }
  }
  const wrong = Object.values(errors)[0]
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
    >
      <DestinationForm
        draft={draft}
        onChange={(next) => {
          setDraft(next)
          setTouched(true)
        }}
        errors={errors}
        stored={destination}
      />
      <div className={form.save}>
        <span className={wrong ? form.error : undefined} role="status">
          {wrong ?? (touched ? 'Not saved yet.' : '')}
        </span>
        <Button
          disabled={!touched}
          onClick={() => {
            setDraft(draftFrom(destination))
            setTouched(false)
            setErrors({})
          }}
        >
          Undo all
        </Button>
        <Button look="primary" type="submit" busy={busy} disabled={!touched}>
          Save
        </Button>
      </div>
    </form>
  )
}
