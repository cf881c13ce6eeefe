// Deleting a connection. Where it has undelivered events, it is asked once more what becomes of those.
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { change } from '@/api/change'
import { describe, isCode } from '@/api/problem'
import type { Connection } from '@/api/types'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { Note } from '@/ui/States'
import { plural } from '@/ui/format'
import { toast } from '@/ui/toast'

type Props = { connection: Connection; open: boolean; onOpenChange: (open: boolean) => void }

export function DeleteConnection({ connection, open, onOpenChange }: Props) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const [undelivered, setUndelivered] = useState<string | null>(null)
  const [error, setError] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const close = () => {
    onOpenChange(false)
    setUndelivered(null)
    setError(null)
  }
  const go = async (cancelEvents: boolean) => {
    setBusy(true)
    setError(null)
    try {
      const outcome = await change<'connections', { cancelled_events: number } | undefined>(
        'connections',
        connection,
        { method: 'DELETE', ...(cancelEvents && { query: { cancel_events: true } }) },
      )
      close()
      if (!outcome.made) return
      toast.good(
        `${connection.name} is deleted`,
        outcome.answer ? `${plural(outcome.answer.cancelled_events, 'event')} cancelled.` : null,
      )
      await navigate({ to: '/connections', search: {} })
      await client.invalidateQueries({ queryKey: ['connections'] })
    } catch (problem) {
      if (isCode(problem, 'events_undelivered')) setUndelivered(problem.detail)
      else setError(describe(problem))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Dialog
      open={open}
      onOpenChange={(next) => !next && close()}
      size="s"
      title={undelivered ? 'Some events are not delivered yet' : `Delete ${connection.name}?`}
      description={
        undelivered
          ? undefined
          : 'Nothing goes along it any more. Its events of the past can still be looked at, but not sent again.'
      }
      footer={
        <>
          <Button onClick={close}>Keep it</Button>
          <Button look="danger" busy={busy} onClick={() => void go(undelivered !== null)}>
            {undelivered ? 'Cancel them and delete it' : 'Delete it'}
          </Button>
        </>
      }
    >
      {undelivered && (
        <Note tone="amber">{sentence(undelivered)} Cancelled events stay visible and are not delivered.</Note>
      )}
      {error && (
        <Note tone="red" title="It was not deleted">
          {error}
        </Note>
      )}
    </Dialog>
  )
}

/** The first part of the gateway's sentence: how many they are. */
function sentence(detail: string): string {
  const first = detail.split(':')[0] ?? detail
  return `${first.charAt(0).toUpperCase()}${first.slice(1)}.`
}
