// A list of requests or events, read page by page. Where rows have to be looked at one by one, the gateway answers in
// portions; they are asked for on and on until there is enough to show, and how far that is can be told.
import { useInfiniteQuery, type UseInfiniteQueryResult, type InfiniteData } from '@tanstack/react-query'
import { useEffect, useMemo, useState } from 'react'
import type { Query } from '@/api/client'
import * as queries from '@/api/queries'
import type { EventRow, Page, RequestRow } from '@/api/types'

export type Rows = { requests: RequestRow; events: EventRow }

export type Search = {
  /** Rows looked at so far. */
  searched: number
  /** When the oldest of them came in. */
  searched_to: string | null
  complete: boolean
  running: boolean
}

export type History<T> = {
  rows: T[]
  loading: boolean
  /** Other filters were chosen, and their rows are not here yet. */
  stale: boolean
  error: Error | null
  hasMore: boolean
  loadingMore: boolean
  more: () => void
  /** There where rows have to be looked at one by one. */
  search: Search | null
  stop: () => void
  reload: () => void
}

export function useHistory<R extends keyof Rows>(resource: R, filters: Query): History<Rows[R]> {
  const query = useInfiniteQuery(
    queries[resource](filters) as unknown as Parameters<typeof useInfiniteQuery>[0],
  ) as unknown as UseInfiniteQueryResult<InfiniteData<Page<Rows[R]>, string | null>, Error>
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage, isPlaceholderData } = query
  const rows = useMemo(() => data?.pages.flatMap((page) => page.data) ?? [], [data])
  const key = JSON.stringify(filters)
  const [stopped, setStopped] = useState<string | null>(null)
  // How many rows the reader has asked to see: a page at first, and one more each time the end comes into sight.
  const [wanted, setWanted] = useState({ key, rows: queries.PAGE })
  const goal = wanted.key === key ? wanted.rows : queries.PAGE

  const progress =
    data?.pages.map((page) => page.progress).filter((item) => item !== null && item !== undefined) ?? []
  const last = data?.pages.at(-1)?.progress
  const searching = Boolean(last && !last.complete && hasNextPage)
  const goOn = searching && stopped !== key && rows.length < goal && !isPlaceholderData
  useEffect(() => {
    if (goOn && !isFetchingNextPage) void fetchNextPage()
  }, [goOn, isFetchingNextPage, fetchNextPage, data])

  return {
    rows,
    loading: query.isPending,
    stale: isPlaceholderData,
    error: query.error,
    hasMore: hasNextPage,
    loadingMore: isFetchingNextPage,
    more: () => {
      const next = rows.length + queries.PAGE
      setWanted((before) => (before.key === key && before.rows >= next ? before : { key, rows: next }))
      if (hasNextPage && !isFetchingNextPage && stopped !== key) void fetchNextPage()
    },
    search:
      progress.length > 0
        ? {
            searched: progress.reduce((sum, item) => sum + item.searched, 0),
            searched_to: last?.searched_to ?? null,
            complete: last?.complete ?? true,
            running: goOn,
          }
        : null,
    stop: () => setStopped(stopped === key ? null : key),
    reload: () => void query.refetch(),
  }
}
