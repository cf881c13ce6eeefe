// What stands in the graph: a source, the rung of a connection, a destination. Each is a link to its page.
import { Link } from '@tanstack/react-router'
import type { Current, Lane } from '@/api/types'
import { Icon } from '@/ui/Icon'
import { Lamp, signal, type SignalState } from '@/ui/Signal'
import { classes } from '@/ui/classes'
import { compact, duration, plural } from '@/ui/format'
import styles from './Graph.module.css'
import type { Health } from './health'
import { ROW, type Group, type Row, type Stop } from './layout'
import { RuleTags } from './RuleTags'

type Common = { dim: boolean; onLit: () => void; width: number }

type SourceProps = Common & {
  group: Group
  rate: Current['sources'][string] | undefined
  onFold: (sourceId: string, folded: boolean) => void
}

export function SourceNode({ group, rate, dim, onLit, width, onFold }: SourceProps) {
  const count = group.rows.reduce((sum, row) => sum + row.connections.length, 0)
  const folded = group.rows[0]?.folded ?? false
  const name = group.source?.name ?? group.sourceId
  return (
    <div
      className={classes(styles.node, styles.stays, dim && styles.faint)}
      style={{ width }}
      onPointerEnter={onLit}
    >
      <Link to="/console" search={{ source: group.sourceId }} className={styles.main} onFocus={onLit}>
        <span className={styles.first}>
          <span className={styles.name} title={name}>
            {name}
          </span>
        </span>
        <span className={styles.second}>
          <span>{providerText(group.source?.provider)}</span>
          {rate && rate.rejected > 0 ? (
            <span className={styles.badText}>{compact(rate.rejected)} rejected</span>
          ) : rate && rate.requests > 0 ? (
            <span>{compact(rate.requests)}/min</span>
          ) : null}
        </span>
      </Link>
      {count > 1 && (
        <button
          type="button"
          className={styles.fold}
          aria-expanded={!folded}
          aria-label={`${folded ? 'Show' : 'Fold'} the ${count} connections of ${name}`}
          title={folded ? 'Show its connections' : 'Fold its connections'}
          onClick={() => onFold(group.sourceId, !folded)}
        >
          <Icon name={folded ? 'right' : 'down'} size={14} />
        </button>
      )}
    </div>
  )
}

function providerText(provider: string | undefined): string {
  if (provider === undefined) return 'no longer there'
  return provider === 'none' ? 'not verified' : provider
}

type RungProps = Common & {
  row: Row
  left: number
  health: Health
  /** `null` where the gateway does not say. */
  perMinute: number | null
  onUnfold: () => void
}

/** Narrower than this a rung has its lamp, its name and its rate. */
const TAGS_FROM = 260

export function Rung({ row, left, width, health, perMinute, dim, onLit, onUnfold }: RungProps) {
  const place = { left, width, top: row.y + (ROW - 34) / 2 }
  const className = classes(styles.rung, dim && styles.faint)
  const rate = perMinute !== null && perMinute > 0 && (
    <span className={styles.rate}>{compact(perMinute)}/min</span>
  )
  const first = row.connections[0]
  if (row.folded || !first) {
    return (
      <button type="button" className={className} style={place} onPointerEnter={onLit} onClick={onUnfold}>
        <Lamp state={health.state} />
        <span className={styles.name}>{plural(row.connections.length, 'connection')}</span>
        {health.trouble && <span className={classes(styles.text, styles.badText)}>{health.text}</span>}
        {rate}
      </button>
    )
  }
  return (
    <Link
      to="/connections/$id"
      params={{ id: first.id }}
      className={className}
      style={place}
      onPointerEnter={onLit}
      onFocus={onLit}
      data-rung
    >
      <Lamp state={health.state} label={health.text} />
      <span className={styles.name} title={first.name}>
        {first.name}
      </span>
      {health.trouble && <span className={classes(styles.text, styles.badText)}>{health.text}</span>}
      {!health.trouble && health.state === 'disabled' && <span className={styles.text}>disabled</span>}
      {width >= TAGS_FROM && <RuleTags rules={first.rules} />}
      {rate}
    </Link>
  )
}

type DestinationProps = Common & {
  stop: Stop
  left: number
  lane: Lane | undefined
  rate: Current['destinations'][string] | undefined
}

export function DestinationNode({ stop, left, width, lane, rate, dim, onLit }: DestinationProps) {
  const { destination } = stop
  const state = stateOf(stop, lane)
  const waiting = lane?.undelivered ?? 0
  const name = destination?.name ?? stop.id
  return (
    <div
      className={classes(styles.node, styles.floats, dim && styles.faint)}
      style={{ left, width, top: stop.y }}
      onPointerEnter={onLit}
    >
      <Link to="/destinations/$id" params={{ id: stop.id }} className={styles.main} onFocus={onLit}>
        <span className={styles.first}>
          <Lamp state={state} label={signal(state).name} />
          <span className={styles.name} title={name}>
            {name}
          </span>
        </span>
        <span className={styles.second}>
          <span>{where(stop)}</span>
          {waiting > 0 ? (
            <span
              title={
                lane?.oldest_undelivered_ms
                  ? `The oldest waits for ${duration(lane.oldest_undelivered_ms)}`
                  : undefined
              }
            >
              {compact(waiting)} waiting
            </span>
          ) : rate?.attempt_ms ? (
            <span title="95 of 100 attempts of the last minute were answered within">
              {duration(rate.attempt_ms.p95)}
            </span>
          ) : null}
        </span>
      </Link>
    </div>
  )
}

function stateOf({ destination }: Stop, lane: Lane | undefined): SignalState {
  if (lane) return lane.state
  if (!destination) return 'disabled'
  if (destination.paused_at) return 'paused'
  if (destination.lane.breaker === 'open') return 'breaker_open'
  return destination.lane.breaker === 'half_open' ? 'probing' : 'enabled'
}

function where({ destination }: Stop): string {
  if (!destination) return 'no longer there'
  if (!destination.url) return 'pull'
  try {
    return new URL(destination.url).host
  } catch {
    return destination.url
  }
}
