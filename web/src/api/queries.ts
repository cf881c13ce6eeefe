// What pages read, as options of TanStack Query: one function for each thing that is asked for. Keys begin with the
// resource's name, so that a change can say `invalidate(['events'])`.
import { infiniteQueryOptions, keepPreviousData, QueryClient, queryOptions } from '@tanstack/react-query'
import { get, type Query } from './client'
import { Problem } from './problem'
import type {
  Attempt,
  AttemptDetail,
  Bookmark,
  BulkOperation,
  Connection,
  Destination,
  EventDetail,
  EventRow,
  Histogram,
  Issue,
  Page,
  Provider,
  ProviderDetail,
  RequestDetail,
  RequestRow,
  Session,
  Source,
} from './types'

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 4_000,
      gcTime: 120_000,
      refetchOnWindowFocus: true,
      // What a person did wrong stays wrong; what is out of reach may come back.
      retry: (count, error) =>
        error instanceof Problem && (error.status === 0 || error.status === 503) && count < 3,
    },
  },
})

/** Configuration comes in pages, oldest first; pages show all of it. Bounded, as a person cannot look at more. */
const ALL_MAX = 5_000
export async function all<T>(path: string, signal: AbortSignal): Promise<T[]> {
  const rows: T[] = []
  let after: string | null = null
  do {
    const page: Page<T> = await get<Page<T>>(path, { limit: 250, after }, signal)
    rows.push(...page.data)
    after = page.next
  } while (after !== null && rows.length < ALL_MAX)
  return rows
}

/** Rows of a history list per page. */
export const PAGE = 100

function history<T>(resource: string, filters: Query) {
  return infiniteQueryOptions({
    queryKey: [resource, 'list', filters],
    queryFn: ({ pageParam, signal }) =>
      get<Page<T>>(`/${resource}`, { limit: PAGE, ...filters, before: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
  })
}

function one<T>(resource: string, id: string, path = `/${resource}/${encodeURIComponent(id)}`) {
  return queryOptions({
    queryKey: [resource, 'one', id],
    queryFn: ({ signal }) => get<T>(path, undefined, signal),
  })
}

function every<T>(resource: string) {
  return queryOptions({
    queryKey: [resource, 'all'],
    queryFn: ({ signal }) => all<T>(`/${resource}`, signal),
  })
}

export const session = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => get<Session>('/session', undefined, signal),
  staleTime: 60_000,
})

export const sources = every<Source>('sources')
export const destinations = every<Destination>('destinations')
export const connections = every<Connection>('connections')
export const source = (id: string) => one<Source>('sources', id)
export const destination = (id: string) => one<Destination>('destinations', id)
export const connection = (id: string) => one<Connection>('connections', id)

export const providers = queryOptions({
  queryKey: ['providers', 'all'],
  queryFn: async ({ signal }) => (await get<Page<Provider>>('/providers', undefined, signal)).data,
  staleTime: Infinity,
})
export const provider = (name: string) => ({ ...one<ProviderDetail>('providers', name), staleTime: Infinity })

export const requests = (filters: Query) => history<RequestRow>('requests', filters)
export const request = (id: string) => one<RequestDetail>('requests', id)
/** The copy that a bookmark keeps, also where the request itself is past retention. */
export const bookmarkedRequest = (id: string) =>
  one<RequestDetail>('bookmarks', id, `/bookmarks/${encodeURIComponent(id)}/request`)
export const events = (filters: Query) => history<EventRow>('events', filters)

const LATEST = 10
/** The latest events that fit one of these filters, few enough to stand within a page; a list takes one state at a time. */
export const latestEvents = (filters: Query[]) =>
  queryOptions({
    queryKey: ['events', 'latest', filters],
    queryFn: async ({ signal }) => {
      const pages = await Promise.all(
        filters.map((one) => get<Page<EventRow>>('/events', { ...one, limit: LATEST }, signal)),
      )
      return pages
        .flatMap((page) => page.data)
        .sort((a, b) => b.received_at.localeCompare(a.received_at))
        .slice(0, LATEST)
    },
  })

export const event = (id: string) => one<EventDetail>('events', id)
export const issues = (filters: Query) => history<Issue>('issues', filters)
/** What the navigation counts. */
export const openIssues = queryOptions({
  queryKey: ['issues', 'open'],
  queryFn: ({ signal }) => get<Page<Issue>>('/issues', { state: 'open', limit: 100 }, signal),
  refetchInterval: 30_000,
})
export const issue = (id: string) => one<Issue>('issues', id)
export const bulkOperation = (id: string) => one<BulkOperation>('bulk_operations', id)

export const histogram = (resource: 'requests' | 'events', filters: Query) =>
  queryOptions({
    queryKey: [resource, 'histogram', filters],
    queryFn: ({ signal }) => get<Histogram>(`/${resource}/histogram`, filters, signal),
    placeholderData: keepPreviousData,
  })

/** `as_of` is anything that changes when there may be another attempt. */
export const attempts = (eventId: string, as_of: string) =>
  queryOptions({
    queryKey: ['events', 'one', eventId, 'attempts', as_of],
    queryFn: ({ signal }) => all<Attempt>(`/events/${encodeURIComponent(eventId)}/attempts`, signal),
  })
export const attempt = (id: string) => one<AttemptDetail>('attempts', id)

export const bookmarks = history<Bookmark>('bookmarks', {})
