// Small charts made of nothing but SVG: counts over time, in the colours of the states they are counts of.
import { useId, useRef, useState, type PointerEvent } from 'react'
import { classes } from './classes'
import { clock, count, day } from './format'
import { signal, type SignalState } from './Signal'
import styles from './Bars.module.css'

export type Bucket = { at: string; count: number; by: Record<string, number> }

type Props = {
  buckets: Bucket[]
  bucket_ms: number
  /** The states that counts are of, lowest in the stack first. */
  states: SignalState[]
  label: string
  /** A span was marked with the pointer. */
  onRange?: (from: string, to: string) => void
}

const HEIGHT = 56

/** A histogram over time. Marking a span with the pointer narrows the list to it. */
export function Histogram({ buckets, bucket_ms, states, label, onRange }: Props) {
  const hint = useId()
  const frame = useRef<SVGSVGElement>(null)
  const [over, setOver] = useState<number | null>(null)
  const [from, setFrom] = useState<number | null>(null)
  const max = Math.max(1, ...buckets.map((bucket) => bucket.count))
  const total = buckets.reduce((sum, bucket) => sum + bucket.count, 0)
  const index = (event: PointerEvent) => {
    const box = frame.current?.getBoundingClientRect()
    if (!box || box.width === 0) return 0
    const at = Math.floor(((event.clientX - box.left) / box.width) * buckets.length)
    return Math.min(Math.max(at, 0), buckets.length - 1)
  }
  const finish = (event: PointerEvent) => {
    if (from === null) return
    const to = index(event)
    setFrom(null)
    const first = buckets[Math.min(from, to)]
    const last = buckets[Math.max(from, to)]
    if (!first || !last || !onRange) return
    onRange(first.at, new Date(Date.parse(last.at) + bucket_ms).toISOString())
  }
  const shown = over === null ? null : buckets[over]
  return (
    <div className={styles.histogram}>
      <svg
        ref={frame}
        className={classes(styles.bars, onRange && styles.marks)}
        viewBox={`0 0 ${Math.max(buckets.length, 1)} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${label}: ${count(total)} in all, at most ${count(max)} at once`}
        aria-describedby={hint}
        onPointerMove={(event) => setOver(index(event))}
        onPointerLeave={() => setOver(null)}
        onPointerDown={(event) => {
          if (!onRange || event.button !== 0) return
          event.currentTarget.setPointerCapture(event.pointerId)
          setFrom(index(event))
        }}
        onPointerUp={finish}
        onPointerCancel={() => setFrom(null)}
      >
        {from !== null && over !== null && (
          <rect
            className={styles.mark}
            x={Math.min(from, over)}
            width={Math.abs(over - from) + 1}
            height={HEIGHT}
            y={0}
          />
        )}
        {buckets.map((bucket, at) => (
          <Stack key={bucket.at} bucket={bucket} x={at} max={max} states={states} />
        ))}
        {over !== null && from === null && (
          <rect className={styles.over} x={over} width={1} height={HEIGHT} y={0} />
        )}
      </svg>
      <div className={styles.legend} id={hint}>
        {shown ? (
          <>
            <span>
              {day(shown.at) !== 'today' && `${day(shown.at)} `}
              {clock(shown.at, false)} – {clock(Date.parse(shown.at) + bucket_ms, false)}
            </span>
            {states.map((state) =>
              shown.by[state] ? (
                <span key={state} className={styles[signal(state).tone]}>
                  {count(shown.by[state])} {signal(state).name}
                </span>
              ) : null,
            )}
            {shown.count === 0 && <span>nothing</span>}
          </>
        ) : (
          <Axis buckets={buckets} bucket_ms={bucket_ms} />
        )}
      </div>
    </div>
  )
}

function Stack({
  bucket,
  x,
  max,
  states,
}: {
  bucket: Bucket
  x: number
  max: number
  states: SignalState[]
}) {
  let y = HEIGHT
  return states.map((state) => {
    const value = bucket.by[state] ?? 0
    if (value === 0) return null
    // A single one among thousands is still to be seen.
    const height = Math.max((value / max) * (HEIGHT - 2), 2)
    y -= height
    return (
      <rect
        key={state}
        className={styles[signal(state).tone]}
        x={x + 0.12}
        y={Math.max(y, 0)}
        width={0.76}
        height={height}
        fill="currentColor"
      />
    )
  })
}

function Axis({ buckets, bucket_ms }: { buckets: Bucket[]; bucket_ms: number }) {
  const first = buckets[0]
  const last = buckets.at(-1)
  if (!first || !last) return null
  const end = Date.parse(last.at) + bucket_ms
  return (
    <>
      <span>
        {day(first.at)} {clock(first.at, false)}
      </span>
      <span className={styles.right}>
        {day(end)} {clock(end, false)}
      </span>
    </>
  )
}

/** A line of counts the size of a word. */
export function Sparkline({
  values,
  label,
  tone = 'blue',
}: {
  values: number[]
  label: string
  tone?: 'blue' | 'green' | 'red' | 'amber' | 'grey'
}) {
  const max = Math.max(1, ...values)
  const step = values.length > 1 ? 80 / (values.length - 1) : 80
  const points = values.map(
    (value, at) => `${(at * step).toFixed(1)},${(19 - (value / max) * 18).toFixed(1)}`,
  )
  return (
    <svg className={styles[tone]} width="80" height="20" viewBox="0 0 80 20" role="img" aria-label={label}>
      <polyline
        points={points.join(' ')}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.4"
        strokeLinejoin="round"
      />
    </svg>
  )
}

/** How far something is: a track with sleepers, and how much of it is laid. */
export function Progress({ value, max, label }: { value: number; max: number; label: string }) {
  const part = max > 0 ? Math.min(value / max, 1) : 0
  return (
    <div
      className={styles.track}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={max}
      aria-valuenow={Math.min(value, max)}
    >
      <div className={styles.laid} style={{ width: `${part * 100}%` }} />
    </div>
  )
}
