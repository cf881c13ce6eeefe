// What the URL of this page holds.
import { oneOf, texts } from '@/url'

export const RANGES = ['1h', '6h', '24h', '7d', '30d'] as const
export type Range = (typeof RANGES)[number]

type MetricsSearch = Partial<
  Record<'from' | 'to' | 'source_id' | 'connection_id' | 'destination_id', string>
> & {
  /** Up to now; `1h` where neither it nor `from` is there. */
  range?: Range | undefined
}

export function metricsSearch(search: Record<string, unknown>): MetricsSearch {
  return {
    ...texts(search, ['from', 'to', 'source_id', 'connection_id', 'destination_id']),
    range: oneOf(search.range, RANGES),
  }
}
