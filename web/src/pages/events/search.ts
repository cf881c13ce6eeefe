// What the URL of the events' pages holds: every filter, the open row and its tab, whether the list stands still.
import { flag, texts } from '@/url'

/** Filters that a bulk operation takes too. */
export const BULK_FILTERS = [
  'request_id',
  'source_id',
  'connection_id',
  'destination_id',
  'state',
  'topic',
  'provider_event_id',
  'received_after',
  'received_before',
  'last_status',
  'last_error',
  'attempts_min',
  'attempts_max',
  'discarded',
  'match',
  'search',
] as const

export type EventsSearch = Partial<
  Record<(typeof BULK_FILTERS)[number] | 'range' | 'event' | 'tab', string>
> & {
  paused?: true
}

export function eventsSearch(search: Record<string, unknown>): EventsSearch {
  const paused = flag(search.paused)
  return { ...texts(search, [...BULK_FILTERS, 'range', 'event', 'tab']), ...(paused && { paused }) }
}
