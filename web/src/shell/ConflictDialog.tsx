// Somebody else changed what a person is about to change: what they did, and what is to hold now. Once in the page, in the
// shell; `api/change.ts` says when.
import { useSyncExternalStore } from 'react'
import { conflictStore } from '@/api/change'
import { Button } from '@/ui/Button'
import { Changes } from '@/ui/Changes'
import { changesBetween } from '@/ui/changes'
import { Dialog } from '@/ui/Dialog'
import { Ago } from '@/ui/Time'

export function ConflictDialog() {
  const conflict = useSyncExternalStore(conflictStore.subscribe, conflictStore.get)
  if (!conflict) return null
  const { seen, newest, typed, decide } = conflict
  const changes = changesBetween(seen, newest)
  return (
    <Dialog
      open
      onOpenChange={() => decide('leave')}
      title={typed ? 'Somebody changed this while you edited' : 'Somebody changed this in the meantime'}
      description={
        <>
          {newest.name} was changed <Ago at={newest.updated_at} />.{' '}
          {typed
            ? 'Nothing is saved yet, and what you wrote is still there.'
            : 'Nothing is done yet: it is not what you were looking at any more.'}
        </>
      }
      footer={
        <>
          <Button look="danger" onClick={() => decide('overwrite')}>
            {typed ? 'Save mine over it' : 'Do it all the same'}
          </Button>
          {typed && <Button onClick={() => decide('load')}>Load the newer one</Button>}
          <Button look="primary" onClick={() => decide('leave')}>
            {typed ? 'Keep editing' : 'Show me the newer one'}
          </Button>
        </>
      }
    >
      {changes.length > 0 ? (
        <Changes changes={changes} />
      ) : (
        <p>What is shown of it is the same; a secret may be another one.</p>
      )}
    </Dialog>
  )
}
