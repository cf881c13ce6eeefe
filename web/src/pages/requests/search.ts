// What the URL of the requests' pages holds: every filter, the open row, its tab, whether it is live.
import { flag, texts } from '@/url'

/** Parameters of the API's list that the page passes on as they are. */
export const REQUEST_FILTERS = [
  'source_id',
  'status',
  'cause',
  'method',
  'topic',
  'provider_event_id',
  'received_after',
  'received_before',
  'match',
  'search',
] as const

export type RequestFilter = (typeof REQUEST_FILTERS)[number]
export type RequestsSearch = Partial<Record<RequestFilter | 'request' | 'tab' | 'view', string>> & {
  bookmarked?: true
  live?: true
}

export function requestsSearch(search: Record<string, unknown>): RequestsSearch {
  const bookmarked = flag(search.bookmarked)
  const live = flag(search.live)
  return {
    ...texts(search, [...REQUEST_FILTERS, 'request', 'tab', 'view']),
    ...(bookmarked && { bookmarked }),
    ...(live && { live }),
  }
}
