// How a lane stands, in words.
import type { Destination, Lane, Rate } from '@/api/types'
import type { SignalState } from '@/ui/Signal'
import { count, duration, relative } from '@/ui/format'

/** The lane's own word, or what the destination tells where the gateway lists no lanes. */
export function laneState(destination: Destination, lane: Lane | null | undefined): SignalState {
  if (destination.paused_at) return 'paused'
  if (lane) return lane.state
  if (destination.lane.breaker === 'open') return 'breaker_open'
  return destination.lane.breaker === 'half_open' ? 'probing' : 'running'
}

export function rateText(rate: Rate | null): string {
  if (!rate) return 'as fast as it takes them'
  const burst = rate.burst > 1 ? `, ${count(rate.burst)} at once after a rest` : ''
  return `${count(rate.limit)} a ${rate.per}${burst}`
}

export function breakerText(destination: Destination, lane: Lane | null | undefined): string {
  const since = lane?.breaker?.opened_at ?? destination.lane.breaker_open_since
  const probe = lane?.breaker?.probe_at ?? destination.lane.next_probe_at
  const parts = ['It kept failing, so it is left alone for a while']
  if (since) parts[0] += ` since ${relative(since)}`
  if (probe) parts.push(`one event goes out as a probe ${relative(probe)}`)
  return `${parts.join('; ')}. Events wait meanwhile, and use up no retries.`
}

export function waitingText(lane: Lane): string {
  if (lane.undelivered === 0) return 'Nothing waits'
  return lane.oldest_undelivered_ms === null
    ? `${count(lane.undelivered)} wait`
    : `${count(lane.undelivered)} wait, the oldest for ${duration(lane.oldest_undelivered_ms)}`
}
