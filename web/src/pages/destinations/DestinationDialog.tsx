// A new destination, in a dialog; its signing secret is shown once before it closes.
import { useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { post } from '@/api/client'
import { errorElsewhere, errorsOf, type Errors } from '@/api/problem'
import type { Destination } from '@/api/types'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { SecretOnce } from '@/ui/SecretOnce'
import { Note } from '@/ui/States'
import { DestinationForm } from './DestinationForm'
import { draftBody, emptyDraft } from './draft'

/** What the form has. */
const FIELDS = Object.keys(emptyDraft())

type Props = {
  open: boolean
  onOpenChange: (open: boolean) => void
  onMade: (destination: Destination) => void
}

export function DestinationDialog(props: Props) {
  // Each opening begins anew.
  return props.open ? <NewDestination {...props} /> : null
}

function NewDestination({ onOpenChange, onMade }: Props) {
  const client = useQueryClient()
  const [draft, setDraft] = useState(emptyDraft)
  const [errors, setErrors] = useState<Errors>({})
  const [busy, setBusy] = useState(false)
  const [made, setMade] = useState<Destination | null>(null)
  const finish = (destination: Destination) => {
    onOpenChange(false)
    // Last, as it may go to another page.
    onMade(destination)
  }
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setErrors({})
    try {
      const destination = await post<Destination>('/destinations', draftBody(draft, null))
      await client.invalidateQueries({ queryKey: ['destinations'] })
      // Of secrets that the person brought there is nothing to note.
      if (destination.signing_secrets_generated) setMade(destination)
      else finish(destination)
    } catch (error) {
      setErrors(errorsOf(error))
    } finally {
      setBusy(false)
    }
  }
  const wrong = errorElsewhere(errors, FIELDS)
  if (made) {
    return (
      <Dialog
        open
        onOpenChange={() => finish(made)}
        title={`${made.name} is made`}
        description="Deliveries are signed with this secret. Give it to the service that receives them: it is shown now and never again."
        footer={
          <Button look="primary" onClick={() => finish(made)}>
            I have noted it
          </Button>
        }
      >
        {(made.signing_secrets_generated ?? []).map((secret) => (
          <SecretOnce key={secret} secret={secret} label="Signing secret" />
        ))}
      </Dialog>
    )
  }
  return (
    <Dialog
      open
      onOpenChange={onOpenChange}
      title="New destination"
      description="Where events go: a URL they are sent to, or consumers that ask for them."
      footer={
        <>
          <Button onClick={() => onOpenChange(false)}>Cancel</Button>
          <Button look="primary" type="submit" form="new-destination" busy={busy}>
            Make it
          </Button>
        </>
      }
    >
      <form id="new-destination" onSubmit={(event) => void submit(event)}>
        {wrong && <Note tone="red">{wrong}</Note>}
        <DestinationForm draft={draft} onChange={setDraft} errors={errors} stored={null} />
      </form>
    </Dialog>
  )
}
