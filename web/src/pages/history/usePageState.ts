// The parameters of a list page in the URL, split into what they are for.
import { useMemo } from 'react'
import type { Query } from '@/api/client'
import { useNow } from '@/ui/Time'
import { RANGES, rangeStart, type FilterValues } from './filters'

/** What belongs to the page and not to the filters. */
const OF_THE_PAGE = ['request', 'event', 'tab', 'paused', 'bookmarks', 'bookmark']

export type PageState = {
  /** What the list is asked for. */
  filters: Query
  /** What the chart is asked for: not what looks into requests, and no times. */
  chartFilters: Query
  from: string | undefined
  to: string | undefined
  /** The filters as they stand in the URL, for views. */
  current: Record<string, string>
}

export function usePageState(search: FilterValues): PageState {
  const range = search.range
  // A range begins anew with each sixtieth of it that passes.
  const step = range ? (RANGES[range]?.ms ?? 3_600_000) / 60 : 60_000
  const now = Math.floor(useNow(Math.min(step, 60_000)) / step) * step
  const key = JSON.stringify(search)
  return useMemo(() => {
    const values = JSON.parse(key) as Record<string, string>
    const current = Object.fromEntries(Object.entries(values).filter(([name]) => !OF_THE_PAGE.includes(name)))
    const { range: chosen, received_after, received_before, match, search: text, ...rest } = current
    const from = (chosen && rangeStart(chosen, now)) || received_after
    return {
      filters: { ...rest, match, search: text, received_after: from, received_before },
      chartFilters: rest,
      from,
      to: received_before,
      current,
    }
  }, [key, now])
}
