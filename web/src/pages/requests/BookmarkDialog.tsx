// What people call a bookmark and have to say about it; and forgetting it.
import { useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { patch, remove } from '@/api/client'
import { errorElsewhere, errorsOf, type Errors } from '@/api/problem'
import type { Bookmark } from '@/api/types'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { Field, Input, TextArea } from '@/ui/Field'
import { Note } from '@/ui/States'
import { toast } from '@/ui/toast'

export function BookmarkDialog({ bookmark, close }: { bookmark: Bookmark; close: () => void }) {
  const client = useQueryClient()
  const [name, setName] = useState(bookmark.name)
  const [note, setNote] = useState(bookmark.note)
  const [errors, setErrors] = useState<Errors>({})
  const [busy, setBusy] = useState(false)
  const run = async (action: () => Promise<unknown>, done: string) => {
    setBusy(true)
    setErrors({})
    try {
      await action()
      await client.invalidateQueries({ queryKey: ['bookmarks'] })
      toast.good(done)
      close()
    } catch (error) {
      setErrors(errorsOf(error))
    } finally {
      setBusy(false)
    }
  }
  const wrong = errorElsewhere(errors, ['name', 'note'])
  const path = `/bookmarks/${bookmark.id}`
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void run(() => patch(path, { name: name.trim(), note: note.trim() }), 'Bookmark saved')
  }
  return (
    <Dialog
      open
      onOpenChange={close}
      size="s"
      title="Bookmark"
      footer={
        <>
          <Button
            look="danger"
            icon="trash"
            busy={busy}
            onClick={() => void run(() => remove(path), 'Forgotten: its copy of the request is gone')}
          >
            Forget it
          </Button>
          <span style={{ flex: 1 }} />
          <Button onClick={close}>Cancel</Button>
          <Button look="primary" type="submit" form="bookmark" busy={busy} disabled={name.trim() === ''}>
            Save
          </Button>
        </>
      }
    >
      <form id="bookmark" onSubmit={submit}>
        {wrong && <Note tone="red">{wrong}</Note>}
        <Field label="Name" error={errors.name}>
          {(control) => (
            <Input
              {...control}
              required
              maxLength={100}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <Field label="Note" optional help="Why it is kept, or what it shows." error={errors.note}>
          {(control) => (
            <TextArea
              {...control}
              rows={4}
              maxLength={4096}
              value={note}
              onChange={(event) => setNote(event.target.value)}
            />
          )}
        </Field>
      </form>
    </Dialog>
  )
}
