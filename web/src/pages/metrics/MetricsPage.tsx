// Throughput, errors, latency, queue and disk over time: of everything, or of one source, connection or destination.
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useMemo } from 'react'
import * as operating from '@/api/operating'
import type { Point, Series } from '@/api/types'
import { Problem } from '@/api/problem'
import * as queries from '@/api/queries'
import { Button } from '@/ui/Button'
import { Chart } from '@/ui/Chart'
import { Combobox } from '@/ui/Combobox'
import { Figures } from '@/ui/Figures'
import { Page } from '@/ui/Page'
import { Bone, Empty, Failure } from '@/ui/States'
import { Segments } from '@/ui/Tabs'
import { clock, compact, count, day, duration, size } from '@/ui/format'
import { useNow } from '@/ui/Time'
import styles from './MetricsPage.module.css'
import { RANGES, type Range } from './search'

const HOUR = 3_600_000
const SPAN: Record<Range, number> = {
  '1h': HOUR,
  '6h': 6 * HOUR,
  '24h': 24 * HOUR,
  '7d': 168 * HOUR,
  '30d': 720 * HOUR,
}
/** Steps that points are asked for in; the gateway has ten seconds for the last hour, and minutes before that. */
const STEPS = [10_000, 60_000, 300_000, 900_000, 1_800_000, 7_200_000]
const POINTS_MAX = 400

export function stepFor(span_ms: number, ago_ms: number): number {
  const least = ago_ms <= HOUR ? 0 : 60_000
  return (
    STEPS.find((step) => step >= least && span_ms / step <= POINTS_MAX) ?? Math.ceil(span_ms / POINTS_MAX)
  )
}

export function MetricsPage() {
  const search = useSearch({ from: '/charts' })
  const navigate = useNavigate({ from: '/charts' })
  const custom = search.from !== undefined && search.to !== undefined
  const range = search.range ?? '1h'
  const tick = useNow(10_000)
  const span = custom
    ? Math.max(Date.parse(search.to ?? '') - Date.parse(search.from ?? ''), 10_000)
    : SPAN[range]
  const step_ms = stepFor(span, custom ? Date.now() - Date.parse(search.from ?? '') : span)
  // On the step's own boundaries, so that points stay where they are from one reading to the next.
  const end = custom ? Date.parse(search.to ?? '') : Math.ceil(tick / step_ms) * step_ms
  const { source_id, connection_id, destination_id } = search
  const query = useQuery(
    operating.series({
      from: new Date(end - span).toISOString(),
      to: new Date(end).toISOString(),
      step_ms,
      source_id,
      connection_id,
      destination_id,
    }),
  )
  const set = (next: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...next }) })
  return (
    <Page title="Metrics">
      <div className={styles.bar}>
        <Segments
          label="Time"
          value={custom ? 'custom' : range}
          onChange={(value) => value !== 'custom' && set({ range: value, from: undefined, to: undefined })}
          options={[
            ...RANGES.map((value) => ({ value, label: value })),
            ...(custom ? [{ value: 'custom' as const, label: spanText(search.from, search.to) }] : []),
          ]}
        />
        {custom && (
          <Button small look="quiet" onClick={() => set({ from: undefined, to: undefined })}>
            Back to the last {range}
          </Button>
        )}
        <span className={styles.push} />
        <div className={styles.about}>
          <About value={source_id ?? connection_id ?? destination_id ?? null} onChange={set} />
        </div>
      </div>
      {query.error instanceof Problem && query.error.status === 404 ? (
        <Empty title="This gateway keeps no series">
          It is older than this page. <code>/metrics</code> has what it counts, for Prometheus.
        </Empty>
      ) : query.error ? (
        <Failure error={query.error} retry={() => void query.refetch()} />
      ) : query.isPending ? (
        <div className={styles.grid} role="status" aria-label="Loading metrics">
          {Array.from({ length: 6 }, (_, at) => (
            <Bone key={at} height={240} />
          ))}
        </div>
      ) : (
        <Charts
          series={query.data}
          whole={!source_id && !connection_id && !destination_id}
          onRange={(from, to) =>
            set({
              from: new Date(from).toISOString(),
              to: new Date(Math.max(to, from + 60_000)).toISOString(),
            })
          }
        />
      )}
    </Page>
  )
}

function spanText(from: string | undefined, to: string | undefined): string {
  if (!from || !to) return ''
  const ends = day(from) === day(to) ? clock(to, false) : `${day(to)} ${clock(to, false)}`
  return `${day(from)} ${clock(from, false)} – ${ends}`
}

type Ids = {
  source_id?: string | undefined
  connection_id?: string | undefined
  destination_id?: string | undefined
}

/** What the figures are of. */
function About({ value, onChange }: { value: string | null; onChange: (ids: Ids) => void }) {
  const { data: sources } = useQuery(queries.sources)
  const { data: connections } = useQuery(queries.connections)
  const { data: destinations } = useQuery(queries.destinations)
  const choices = [
    { value: '', label: 'Everything' },
    ...(sources ?? []).map(({ id, name }) => ({ value: id, label: name, hint: 'source' })),
    ...(connections ?? []).map(({ id, name }) => ({ value: id, label: name, hint: 'connection' })),
    ...(destinations ?? []).map(({ id, name }) => ({ value: id, label: name, hint: 'destination' })),
  ]
  return (
    <Combobox
      label="Of what"
      placeholder="A source, a connection, a destination"
      choices={choices}
      value={value ?? ''}
      onChange={(id) =>
        onChange({
          source_id: sources?.some((item) => item.id === id) ? id : undefined,
          connection_id: connections?.some((item) => item.id === id) ? id : undefined,
          destination_id: destinations?.some((item) => item.id === id) ? id : undefined,
        })
      }
    />
  )
}

type ChartsProps = { series: Series; whole: boolean; onRange: (from: number, to: number) => void }

function Charts({ series, whole, onRange }: ChartsProps) {
  const { points, step_ms } = series
  const drawn = useMemo(() => {
    const per = 60_000 / step_ms
    const rate = (field: NumberField) => points.map((point) => point[field] * per)
    return {
      times: points.map((point) => Date.parse(point.at)),
      requests: [
        { name: 'accepted', tone: 'green' as const, values: rate('requests_accepted'), filled: true },
        { name: 'rejected', tone: 'red' as const, values: rate('requests_rejected') },
      ],
      events: [
        { name: 'events', tone: 'blue' as const, values: rate('events'), filled: true },
        { name: 'discarded by rules', tone: 'grey' as const, values: rate('discarded') },
      ],
      attempts: [
        { name: 'successful', tone: 'green' as const, values: rate('attempts_successful'), filled: true },
        { name: 'failed', tone: 'red' as const, values: rate('attempts_failed') },
      ],
      errors: [{ name: 'failed', tone: 'red' as const, values: points.map(errorPercent), filled: true }],
      delivery: percentiles(points, 'delivery_ms'),
      attempt: percentiles(points, 'attempt_ms'),
      queue: [
        {
          name: 'undelivered',
          tone: 'amber' as const,
          values: points.map((point) => point.undelivered),
          filled: true,
        },
      ],
      oldest: [
        {
          name: 'oldest',
          tone: 'amber' as const,
          values: points.map((point) => point.oldest_undelivered_ms),
        },
      ],
      disk: [
        {
          name: 'used',
          tone: 'violet' as const,
          values: points.map((point) => point.disk_bytes),
          filled: true,
        },
      ],
    }
  }, [points, step_ms])
  const common = { times: drawn.times, onRange }
  const perMinute = (value: number) => compact(value < 10 ? Math.round(value * 10) / 10 : Math.round(value))
  const time = (value: number) => (value === 0 ? '0' : duration(value))
  const percent = (value: number) => `${Math.round(value * 10) / 10} %`
  return (
    <>
      <Totals points={points} />
      <p className={styles.hint}>Mark a span in a chart to look closer.</p>
      <div className={styles.grid}>
        <Chart {...common} label="Requests per minute" lines={drawn.requests} format={perMinute} />
        <Chart {...common} label="Events per minute" lines={drawn.events} format={perMinute} />
        <Chart {...common} label="Attempts per minute" lines={drawn.attempts} format={perMinute} />
        <Chart {...common} label="Failed attempts" lines={drawn.errors} format={percent} />
        <Chart {...common} label="From arrival to delivery" lines={drawn.delivery} format={time} />
        <Chart {...common} label="One attempt" lines={drawn.attempt} format={time} />
        <Chart {...common} label="Undelivered events" lines={drawn.queue} format={compact} />
        <Chart {...common} label="Age of the oldest undelivered" lines={drawn.oldest} format={time} />
        {whole && <Chart {...common} label="Disk" lines={drawn.disk} format={size} />}
      </div>
    </>
  )
}

type NumberField =
  | 'requests_accepted'
  | 'requests_rejected'
  | 'events'
  | 'discarded'
  | 'attempts_successful'
  | 'attempts_failed'

function errorPercent(point: Point): number | null {
  const all = point.attempts_successful + point.attempts_failed
  return all === 0 ? null : (point.attempts_failed / all) * 100
}

function percentiles(points: Point[], field: 'delivery_ms' | 'attempt_ms') {
  return (
    [
      ['half', 'green', 'p50'],
      ['95 of 100', 'blue', 'p95'],
      ['99 of 100', 'violet', 'p99'],
    ] as const
  ).map(([name, tone, part]) => ({ name, tone, values: points.map((point) => point[field]?.[part] ?? null) }))
}

function Totals({ points }: { points: Point[] }) {
  const sum = (field: NumberField) => points.reduce((total, point) => total + point[field], 0)
  const [good, bad] = [sum('attempts_successful'), sum('attempts_failed')]
  const last = (field: 'undelivered' | 'disk_bytes') =>
    points.map((point) => point[field]).findLast((value) => value !== null)
  const disk = last('disk_bytes')
  const p95 = points.map((point) => point.delivery_ms?.p95).filter((value) => value !== undefined)
  return (
    <Figures
      figures={[
        { name: 'Requests', value: compact(sum('requests_accepted')) },
        {
          name: 'Rejected',
          value: compact(sum('requests_rejected')),
          ...(sum('requests_rejected') > 0 && { tone: 'amber' as const }),
        },
        { name: 'Delivered', value: compact(good) },
        {
          name: 'Failed attempts',
          value: good + bad > 0 ? `${((bad / (good + bad)) * 100).toFixed(1)} %` : '–',
          ...(bad > 0 && { tone: 'red' as const }),
        },
        {
          name: 'Slowest 95 of 100',
          value: p95.length > 0 ? duration(Math.max(...p95)) : '–',
        },
        { name: 'Undelivered now', value: count(last('undelivered') ?? 0) },
        ...(disk ? [{ name: 'Disk', value: size(disk) }] : []),
      ]}
    />
  )
}
