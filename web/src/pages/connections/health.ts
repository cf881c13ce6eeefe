// How a connection fares at this moment, from its own state, its destination's, and the counts of the last minute.
import type { Connection, Current, Destination } from '@/api/types'
import type { SignalState } from '@/ui/Signal'
import { words } from '@/ui/format'

export type Health = {
  state: SignalState
  /** What it is, in a few words; the state's own name where there is nothing to add. */
  text: string
  /** Somebody should look at it. */
  trouble: boolean
}

type Counts = Current['connections'][string]

export function healthOf(
  connection: Connection,
  destination: Destination | undefined,
  counts: Counts | undefined,
): Health {
  if (!connection.enabled) {
    const cause = connection.disabled?.cause ?? 'by_hand'
    return { state: 'disabled', text: disabledText(cause), trouble: cause.startsWith('destination_') }
  }
  if (destination?.paused_at) return { state: 'paused', text: 'destination paused', trouble: false }
  const breaker = destination?.lane.breaker
  if (breaker === 'open') return { state: 'breaker_open', text: 'breaker open', trouble: true }
  if (breaker === 'half_open') return { state: 'probing', text: 'probing', trouble: true }
  if (!counts) return { state: 'enabled', text: 'enabled', trouble: false }
  const { successful, failed } = counts
  if (failed > 0 && successful === 0) return { state: 'failed', text: 'failing', trouble: true }
  if (failed > 0) {
    const percent = Math.max(1, Math.round((failed / (failed + successful)) * 100))
    return { state: 'held', text: `${percent} % fail`, trouble: true }
  }
  if (counts.events === 0 && successful === 0) return { state: 'idle', text: 'idle', trouble: false }
  return { state: 'running', text: 'running', trouble: false }
}

export function disabledText(cause: string): string {
  if (cause === 'by_hand') return 'disabled by hand'
  if (cause === 'destination_gone') return 'disabled: destination gone'
  if (cause === 'destination_failing') return 'disabled: it did nothing but fail'
  if (cause === 'removed_from_file') return 'disabled: no longer in the file'
  return `disabled: ${words(cause)}`
}

/** The one that matters most, for several drawn as one. */
const ORDER: SignalState[] = [
  'breaker_open',
  'failed',
  'probing',
  'held',
  'paused',
  'running',
  'enabled',
  'idle',
  'disabled',
]
export function worst(all: Health[]): Health {
  const rank = (health: Health) => {
    const at = ORDER.indexOf(health.state)
    return (health.trouble ? 0 : 100) + (at === -1 ? ORDER.length : at)
  }
  return [...all].sort((a, b) => rank(a) - rank(b))[0] ?? { state: 'idle', text: 'idle', trouble: false }
}
