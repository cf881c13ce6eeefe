// Live rows put into a list that was read page by page: what is new comes to its top, what is known is replaced.
import type { InfiniteData } from '@tanstack/react-query'
import type { Page } from '@/api/types'

type Row = { id: string }

/**
 * The list with `fresh` in it, newest first, as ids of one kind are in the order of time. What `fits` no longer is taken out.
 * No more than `rows_max` are kept; what is cut off is found behind `next` again, which is the id of the last row.
 */
export function merge<T extends Row>(
  list: InfiniteData<Page<T>, string | null>,
  fresh: T[],
  fits: (row: T) => boolean,
  rows_max: number,
): InfiniteData<Page<T>, string | null> {
  const latest = new Map(fresh.map((row) => [row.id, row]))
  const oldest = list.pages.at(-1)?.data.at(-1)?.id
  const rest = list.pages.at(-1)?.next ?? null
  const rows: T[] = []
  for (const page of list.pages) {
    for (const row of page.data) {
      const next = latest.get(row.id) ?? row
      latest.delete(row.id)
      if (fits(next)) rows.push(next)
    }
  }
  // What is older than the list's end, and was not in it, belongs to a page that has not been read.
  const added = [...latest.values()].filter(
    (row) => fits(row) && (rest === null || !oldest || row.id > oldest),
  )
  if (added.length > 0) {
    rows.push(...added)
    rows.sort((a, b) => (a.id < b.id ? 1 : a.id > b.id ? -1 : 0))
  }
  const kept = rows.slice(0, rows_max)
  const next = rows.length > kept.length ? (kept.at(-1)?.id ?? null) : rest
  return { pages: [{ data: kept, next }], pageParams: [null] }
}
