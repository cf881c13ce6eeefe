// Where everything stands in the graph. A source is the head of a ladder: a trunk goes down from it, and each of its
// connections leaves the trunk at its own row; from there a line goes to the destination, which stands at the height of what
// leads to it. Rows have fixed heights, so nothing has to be measured.
import type { Connection, Destination, Source } from '@/api/types'

export const ROW = 40
export const NODE = 52
const NODE_GAP = 12
const GROUP_GAP = 18

export type Row = {
  key: string
  y: number
  sourceId: string
  /** One, or all of a source that is folded. */
  connections: Connection[]
  folded: boolean
}
export type Group = { source: Source | undefined; sourceId: string; y: number; height: number; rows: Row[] }
export type Stop = { id: string; destination: Destination | undefined; y: number }
export type Layout = { groups: Group[]; stops: Stop[]; height: number; cut: number }

/** More rows than this are not drawn: nobody reads them, and the search narrows them. */
export const ROWS_MAX = 400

export function layout(
  sources: Source[],
  connections: Connection[],
  destinations: Destination[],
  isFolded: (sourceId: string, count: number) => boolean,
  withLone: boolean,
): Layout {
  const bySource = new Map<string, Connection[]>()
  for (const connection of connections) {
    const list = bySource.get(connection.source_id)
    if (list) list.push(connection)
    else bySource.set(connection.source_id, [connection])
  }
  const known = new Map(sources.map((source) => [source.id, source]))
  const ids = [...known.keys()].filter((id) => withLone || bySource.has(id))
  // What leads from a source that is gone is drawn all the same.
  for (const id of bySource.keys()) if (!known.has(id)) ids.push(id)
  // Sources with nothing behind them come last.
  ids.sort((a, b) => Number(!bySource.has(a)) - Number(!bySource.has(b)))

  const groups: Group[] = []
  let y = 0
  let drawn = 0
  let cut = 0
  for (const sourceId of ids) {
    const mine = bySource.get(sourceId) ?? []
    const folded = mine.length > 1 && isFolded(sourceId, mine.length)
    const rows: Row[] = []
    for (const list of folded ? [mine] : mine.map((connection) => [connection])) {
      if (drawn >= ROWS_MAX) {
        cut += list.length
        continue
      }
      const at = y + (NODE - ROW) / 2 + rows.length * ROW
      rows.push({
        key: folded ? `fold-${sourceId}` : (list[0]?.id ?? ''),
        y: at,
        sourceId,
        connections: list,
        folded,
      })
      drawn += 1
    }
    if (rows.length === 0 && mine.length > 0) continue
    const height = Math.max(NODE, rows.length * ROW + (NODE - ROW))
    groups.push({ source: known.get(sourceId), sourceId, y, height, rows })
    y += height + GROUP_GAP
  }
  const stops = place(groups, destinations, withLone)
  const last = stops.at(-1)
  return { groups, stops, cut, height: Math.max(y - GROUP_GAP, last ? last.y + NODE : 0, 0) }
}

/** Each destination at the mean height of what leads to it, as near as those beside it let it. */
function place(groups: Group[], destinations: Destination[], withLone: boolean): Stop[] {
  const heights = new Map<string, number[]>()
  for (const row of groups.flatMap((group) => group.rows)) {
    for (const connection of row.connections) {
      const list = heights.get(connection.destination_id)
      if (list) list.push(row.y)
      else heights.set(connection.destination_id, [row.y])
    }
  }
  const known = new Map(destinations.map((destination) => [destination.id, destination]))
  const wanted = [...heights].map(([id, at]) => ({
    id,
    destination: known.get(id),
    y: at.reduce((sum, value) => sum + value, 0) / at.length - (NODE - ROW) / 2,
  }))
  wanted.sort((a, b) => a.y - b.y)
  const step = NODE + NODE_GAP
  // Down first, so that none covers the one before; then up again, where that has pushed the last ones too far.
  let next = 0
  for (const stop of wanted) {
    stop.y = Math.max(stop.y, next)
    next = stop.y + step
  }
  const lowest = groups.at(-1)
  let limit = Math.max(lowest ? lowest.y + lowest.height - NODE : 0, (wanted.length - 1) * step)
  for (const stop of [...wanted].reverse()) {
    stop.y = Math.min(stop.y, limit)
    limit = stop.y - step
  }
  if (withLone) {
    let free = Math.max(next, (wanted.at(-1)?.y ?? -step) + step)
    for (const destination of destinations) {
      if (heights.has(destination.id)) continue
      wanted.push({ id: destination.id, destination, y: free })
      free += step
    }
  }
  return wanted
}
