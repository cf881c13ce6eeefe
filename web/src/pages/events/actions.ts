// What can be done with an event, and in which states.
import { post } from '@/api/client'
import { Problem } from '@/api/problem'
import { queryClient } from '@/api/queries'
import type { BulkAction, EventRow, EventState } from '@/api/types'
import { plural } from '@/ui/format'
import { toast } from '@/ui/toast'

const ENDED: EventState[] = ['successful', 'failed', 'cancelled', 'discarded']

export function can(action: BulkAction, event: EventRow): boolean {
  if (action === 'retry') return event.state !== 'queued' && event.discarded !== 'transform_error'
  if (action === 'cancel') return !ENDED.includes(event.state)
  return ENDED.includes(event.state)
}

export const DONE: Record<BulkAction, string> = {
  retry: 'Queued again',
  cancel: 'Cancelled',
  replay: 'Replayed',
}
export const ACTIONS: BulkAction[] = ['retry', 'replay', 'cancel']
export const NAME: Record<BulkAction, string> = { retry: 'Retry', cancel: 'Cancel', replay: 'Replay' }

export async function act(action: BulkAction, event: EventRow): Promise<void> {
  try {
    await post(`/events/${event.id}/${action}`)
    toast.good(DONE[action])
  } catch (error) {
    toast.problem(`${NAME[action]} was refused`, error)
  }
  await queryClient.invalidateQueries({ queryKey: ['events'] })
}

/** Several that were picked by hand, a few at a time. */
export async function actOnAll(action: BulkAction, ids: string[]): Promise<void> {
  const AT_ONCE = 6
  let done = 0
  let problem: Problem | null = null
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    const results = await Promise.allSettled(
      ids.slice(from, from + AT_ONCE).map((id) => post(`/events/${id}/${action}`)),
    )
    for (const result of results) {
      if (result.status === 'fulfilled') done += 1
      else if (result.reason instanceof Problem) problem = result.reason
    }
  }
  if (done > 0) toast.good(`${DONE[action]}: ${plural(done, 'event')}`)
  if (done < ids.length)
    toast.problem(`${NAME[action]} was refused for ${plural(ids.length - done, 'event')}`, problem)
  await queryClient.invalidateQueries({ queryKey: ['events'] })
}
