// The graph: sources at the left, each the head of a ladder track; a rung for each connection; destinations at the right.
// Nodes are HTML, so that they can be tabbed to and read; the tracks are one SVG behind them.
import { useQuery } from '@tanstack/react-query'
import { useEffect, useMemo, useRef, useState } from 'react'
import * as operating from '@/api/operating'
import type { Connection, Current, Destination, Source } from '@/api/types'
import { Note } from '@/ui/States'
import { count } from '@/ui/format'
import styles from './Graph.module.css'
import { DestinationNode, Rung, SourceNode } from './GraphNodes'
import { healthOf, worst, type Health } from './health'
import { layout, NODE, ROW, type Group, type Layout, type Row } from './layout'

/** Beyond so many lines nothing moves on them: it would cost more than it tells. */
const MOVING_MAX = 60

export type Lit = { sourceId?: string; connectionId?: string; destinationId?: string } | null

type Props = {
  sources: Source[]
  connections: Connection[]
  destinations: Destination[]
  isFolded: (sourceId: string, count: number) => boolean
  onFold: (sourceId: string, folded: boolean) => void
  /** Whether what no connection leads to or from is shown too. */
  withLone: boolean
}

export function Graph({ sources, connections, destinations, isFolded, onFold, withLone }: Props) {
  const frame = useRef<HTMLDivElement>(null)
  const width = useWidth(frame)
  const [lit, setLit] = useState<Lit>(null)
  const { data: current } = useQuery(operating.current)
  const { data: lanes } = useQuery(operating.lanes)
  const drawn = useMemo(
    () => layout(sources, connections, destinations, isFolded, withLone),
    [sources, connections, destinations, isFolded, withLone],
  )
  const healths = useMemo(() => {
    const byId = new Map(destinations.map((destination) => [destination.id, destination]))
    return new Map(
      connections.map((connection) => [
        connection.id,
        healthOf(connection, byId.get(connection.destination_id), current?.connections[connection.id]),
      ]),
    )
  }, [connections, destinations, current])
  const laneOf = useMemo(() => new Map((lanes ?? []).map((lane) => [lane.destination_id, lane])), [lanes])
  const columns = columnsOf(width)
  const rows = drawn.groups.flatMap((group) => group.rows)
  const lines = rows.reduce((sum, row) => sum + targetsOf(row).size, 0)
  const isLit = (row: Row) => reaches(row, lit)
  return (
    <>
      <div
        ref={frame}
        className={styles.frame}
        style={{ height: drawn.height }}
        onPointerLeave={() => setLit(null)}
      >
        <svg className={styles.tracks} width={width} height={drawn.height} aria-hidden="true">
          {drawn.groups.map((group) => (
            <Trunk key={group.sourceId} group={group} x={columns.trunk} to={columns.rung} />
          ))}
          {rows.map((row) => (
            <Lines
              key={row.key}
              row={row}
              drawn={drawn}
              columns={columns}
              health={healthIn(row, healths)}
              dim={lit !== null && !isLit(row)}
              moving={lines <= MOVING_MAX && perMinute(row, current) > 0}
              lit={lit !== null && isLit(row)}
            />
          ))}
        </svg>
        {drawn.groups.map((group) => (
          <div key={group.sourceId} className={styles.group} style={{ top: group.y, height: group.height }}>
            <SourceNode
              group={group}
              width={columns.node}
              rate={current?.sources[group.sourceId]}
              dim={lit !== null && !group.rows.some(isLit) && lit.sourceId !== group.sourceId}
              onLit={() => setLit({ sourceId: group.sourceId })}
              onFold={onFold}
            />
          </div>
        ))}
        {rows.map((row) => (
          <Rung
            key={row.key}
            row={row}
            left={columns.rung}
            width={columns.rungWidth}
            health={healthIn(row, healths)}
            perMinute={current ? perMinute(row, current) : null}
            dim={lit !== null && !isLit(row)}
            onLit={() =>
              setLit(row.folded ? { sourceId: row.sourceId } : { connectionId: row.connections[0]?.id ?? '' })
            }
            onUnfold={() => onFold(row.sourceId, false)}
          />
        ))}
        {drawn.stops.map((stop) => (
          <DestinationNode
            key={stop.id}
            stop={stop}
            left={columns.stop}
            width={columns.node}
            lane={laneOf.get(stop.id)}
            rate={current?.destinations[stop.id]}
            dim={
              lit !== null &&
              !rows.some(
                (row) => isLit(row) && row.connections.some((one) => one.destination_id === stop.id),
              ) &&
              lit.destinationId !== stop.id
            }
            onLit={() => setLit({ destinationId: stop.id })}
          />
        ))}
      </div>
      {drawn.cut > 0 && (
        <Note tone="amber" title={`${count(drawn.cut)} more connections are not drawn`}>
          Search for what you look for, or fold the sources.
        </Note>
      )}
    </>
  )
}

type Columns = { node: number; trunk: number; rung: number; rungWidth: number; stop: number }

function columnsOf(width: number): Columns {
  const node = Math.round(Math.min(220, Math.max(150, width * 0.2)))
  const between = Math.round(Math.min(150, Math.max(70, width * 0.11)))
  const trunk = node + 20
  const rung = trunk + 24
  const stop = width - node
  return { node, trunk, rung, rungWidth: Math.max(stop - between - rung, 140), stop }
}

function reaches(row: Row, lit: Lit): boolean {
  if (!lit) return false
  if (lit.sourceId) return row.sourceId === lit.sourceId
  return row.connections.some(
    (one) => one.id === lit.connectionId || one.destination_id === lit.destinationId,
  )
}

const NOTHING: Health = { state: 'idle', text: 'idle', trouble: false }
function healthIn(row: Row, healths: Map<string, Health>): Health {
  return worst(row.connections.map((connection) => healths.get(connection.id) ?? NOTHING))
}

/** Events of the last minute, of all of a row's connections. */
function perMinute(row: Row, current: Current | null | undefined): number {
  return row.connections.reduce((sum, one) => sum + (current?.connections[one.id]?.events ?? 0), 0)
}

/** The track down from a source, with a switch to each of its rungs. */
function Trunk({ group, x, to }: { group: Group; x: number; to: number }) {
  const last = group.rows.at(-1)
  if (!last) return null
  const head = group.y + NODE / 2
  const bend = 12
  const rungs = group.rows.map((row, at) => {
    const y = row.y + ROW / 2
    return at === 0 ? `M${x - 20} ${head}H${to}` : `M${x} ${y - bend}q0 ${bend} ${bend} ${bend}H${to}`
  })
  const end = last.y + ROW / 2 - bend
  const trunk = group.rows.length > 1 ? `M${x - bend} ${head}q${bend} 0 ${bend} ${bend}V${end}` : ''
  return <path className={styles.track} d={rungs.join('') + trunk} />
}

/** The destinations that a row leads to. */
function targetsOf(row: Row): Set<string> {
  return new Set(row.connections.map((connection) => connection.destination_id))
}

type LinesProps = {
  row: Row
  drawn: Layout
  columns: Columns
  health: Health
  dim: boolean
  lit: boolean
  moving: boolean
}

/** From a rung to its destination; of a folded one to each. */
function Lines({ row, drawn, columns, health, dim, lit, moving }: LinesProps) {
  const from = columns.rung + columns.rungWidth
  const y = row.y + ROW / 2
  return [...targetsOf(row)].map((id) => {
    const stop = drawn.stops.find((candidate) => candidate.id === id)
    if (!stop) return null
    const end = stop.y + NODE / 2
    const half = (columns.stop - from) / 2
    const d = `M${from} ${y}C${from + half} ${y} ${columns.stop - half} ${end} ${columns.stop} ${end}`
    const tone = health.trouble ? styles.bad : health.state === 'disabled' ? styles.off : undefined
    return (
      <g key={id} className={dim ? styles.dim : undefined}>
        <path
          className={[styles.track, row.folded && styles.thin, tone, lit && styles.litTrack]
            .filter(Boolean)
            .join(' ')}
          d={d}
        />
        {moving && !dim && (
          <path className={[styles.flow, health.trouble && styles.flowBad].filter(Boolean).join(' ')} d={d} />
        )}
      </g>
    )
  })
}

function useWidth(ref: React.RefObject<HTMLDivElement | null>): number {
  const [width, setWidth] = useState(1_000)
  useEffect(() => {
    const element = ref.current
    if (!element) return
    const observer = new ResizeObserver(([entry]) => entry && setWidth(Math.floor(entry.contentRect.width)))
    observer.observe(element)
    return () => observer.disconnect()
  }, [ref])
  return width
}
