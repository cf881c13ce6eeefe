// The chart above a list: how many over time, of which state. Marking a span in it narrows the list.
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { Query } from '@/api/client'
import * as queries from '@/api/queries'
import type { Histogram as Counts } from '@/api/types'
import { Histogram } from '@/ui/Bars'
import type { SignalState } from '@/ui/Signal'
import styles from './Chart.module.css'

const BUCKETS = 96

type Props = {
  resource: 'requests' | 'events'
  /** The list's, without those that look into requests, and without its times. */
  filters: Query
  from: string | undefined
  to: string | undefined
  states: SignalState[]
  live: boolean
  onRange: (from: string, to: string) => void
}

export function Chart({ resource, filters, from, to, states, live, onRange }: Props) {
  const { data } = useQuery({
    ...queries.histogram(resource, { ...filters, from, to, buckets: BUCKETS }),
    refetchInterval: live ? 5_000 : false,
  })
  const buckets = useMemo(() => (data ? filled(data) : []), [data])
  return (
    <div className={styles.chart}>
      {data && (
        <Histogram
          label={resource === 'requests' ? 'Requests over time' : 'Events over time'}
          buckets={buckets}
          bucket_ms={data.bucket_ms}
          states={states}
          onRange={onRange}
        />
      )}
    </div>
  )
}

/** All buckets, also those that the gateway left out as there is nothing in them. */
function filled({ from, to, bucket_ms, buckets }: Counts): Counts['buckets'] {
  const start = Date.parse(from)
  const number = Math.min(Math.ceil((Date.parse(to) - start) / bucket_ms), BUCKETS)
  const all = Array.from({ length: Math.max(number, 0) }, (_, at) => ({
    at: new Date(start + at * bucket_ms).toISOString(),
    count: 0,
    by: {} as Record<string, number>,
  }))
  for (const bucket of buckets) {
    const at = Math.round((Date.parse(bucket.at) - start) / bucket_ms)
    if (all[at]) all[at] = bucket
  }
  return all
}
