// What the URL of the requests' pages holds: every filter, the open row and its tab, whether the list stands still.
import { flag, texts } from '@/url'

export const REQUEST_FILTERS = [
  'source_id',
  'status',
  'cause',
  'method',
  'topic',
  'provider_event_id',
  'range',
  'received_after',
  'received_before',
  'match',
  'search',
] as const

export type RequestsSearch = Partial<
  Record<(typeof REQUEST_FILTERS)[number] | 'request' | 'tab' | 'bookmark', string>
> & {
  paused?: true
  bookmarks?: true
}

export function requestsSearch(search: Record<string, unknown>): RequestsSearch {
  const paused = flag(search.paused)
  const bookmarks = flag(search.bookmarks)
  return {
    ...texts(search, [...REQUEST_FILTERS, 'request', 'tab', 'bookmark']),
    ...(paused && { paused }),
    ...(bookmarks && { bookmarks }),
  }
}
