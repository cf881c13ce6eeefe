// A list of requests or events that is kept up to date by the stream.
import { useQueryClient, type InfiniteData } from '@tanstack/react-query'
import type { Query } from '@/api/client'
import * as queries from '@/api/queries'
import type { EventRow, Page, RequestRow } from '@/api/types'
import { merge } from './merge'
import { ROWS_MAX, useLive, type LiveStatus } from './useLive'

type Rows = { requests: RequestRow; events: EventRow }
type Resource = keyof Rows

type Options<R extends Resource> = {
  on: boolean
  resource: R
  /** Those of the list, by which it is kept. */
  filters: Query
  /** Whether a row is one of the list; the stream knows few of the filters. */
  fits: (row: Rows[R]) => boolean
}

const STREAM_FILTERS = ['source_id', 'connection_id', 'destination_id', 'request_id']

export function useLiveList<R extends Resource>({ on, resource, filters, fits }: Options<R>): LiveStatus {
  const client = useQueryClient()
  const key = queries[resource](filters).queryKey
  return useLive({
    on,
    types: [resource === 'requests' ? 'request' : 'event'],
    filters: Object.fromEntries(Object.entries(filters).filter(([name]) => STREAM_FILTERS.includes(name))),
    onMessages: (messages) => {
      const rows = messages.map((message) => message.row as unknown as Rows[R])
      client.setQueryData<InfiniteData<Page<Rows[R]>, string | null>>(
        key as readonly unknown[] as string[],
        (list) => list && merge(list, rows, fits, ROWS_MAX),
      )
      for (const row of rows) {
        const one = [resource, 'one', row.id]
        if (client.getQueryState(one)) void client.invalidateQueries({ queryKey: one })
      }
    },
    onGap: () => void client.invalidateQueries({ queryKey: key }),
  })
}
