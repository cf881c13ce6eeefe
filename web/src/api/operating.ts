// What the pages about how it runs read: lanes, metrics, alerts, keys, the audit log, settings. The rest is in `queries.ts`,
// and the same holds here.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { get, type Query } from './client'
import { Problem } from './problem'
import { all, PAGE } from './queries'
import type { Alert, ApiKey, AuditEntry, Current, ExecutionRow, Lane, Page, Series, Settings } from './types'

/** How often numbers that change all the time are asked for again. */
const LIVE_MS = 4_000

/** A key that may not see something, or a gateway that is older than this page, has the rest of the page stay. */
async function orNothing<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof Problem && (error.status === 404 || error.status === 403)) return null
    throw error
  }
}

export const current = queryOptions({
  queryKey: ['metrics', 'current'],
  queryFn: ({ signal }) => orNothing(get<Current>('/metrics/current', undefined, signal)),
  refetchInterval: LIVE_MS,
})

export const series = (filters: Query) =>
  queryOptions({
    queryKey: ['metrics', 'series', filters],
    queryFn: ({ signal }) => get<Series>('/metrics/series', filters, signal),
    placeholderData: keepPreviousData,
  })

export const lanes = queryOptions({
  queryKey: ['destinations', 'lanes'],
  queryFn: ({ signal }) => orNothing(all<Lane>('/lanes', signal)),
  refetchInterval: LIVE_MS,
})

export const lane = (id: string) =>
  queryOptions({
    queryKey: ['destinations', 'one', id, 'lane'],
    queryFn: ({ signal }) =>
      orNothing(get<Lane>(`/destinations/${encodeURIComponent(id)}/lane`, undefined, signal)),
    refetchInterval: LIVE_MS,
  })

/** A page looks through so many events; what it has is the runs of those. */
const EXECUTIONS = 100
export const executions = (filters: Query) =>
  infiniteQueryOptions({
    queryKey: ['transformations', 'executions', filters],
    queryFn: ({ pageParam, signal }) =>
      orNothing(
        get<Page<ExecutionRow>>(
          '/transformations/executions',
          { limit: EXECUTIONS, ...filters, before: pageParam },
          signal,
        ),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last?.next ?? null,
  })

export const alerts = queryOptions({
  queryKey: ['alerts', 'all'],
  queryFn: async ({ signal }) => (await get<Page<Alert>>('/alerts', { limit: 250 }, signal)).data,
})

export const apiKeys = queryOptions({
  queryKey: ['api_keys', 'all'],
  queryFn: async ({ signal }) => (await get<Page<ApiKey>>('/api_keys', { limit: 250 }, signal)).data,
})

export const auditEntries = (filters: Query) =>
  infiniteQueryOptions({
    queryKey: ['audit_entries', 'list', filters],
    queryFn: ({ pageParam, signal }) =>
      get<Page<AuditEntry>>('/audit_entries', { limit: PAGE, ...filters, before: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
  })

export const settings = queryOptions({
  queryKey: ['settings'],
  queryFn: ({ signal }) => get<Settings>('/settings', undefined, signal),
  staleTime: 60_000,
})
