// Lines over time, drawn by uPlot. Colours come from the tokens, so the chart is made anew when the theme changes. Charts of
// one page share their cursor. Marking a span with the pointer narrows the page to it.
import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { useShownTheme } from '@/shell/theme'
import styles from './Chart.module.css'
import type { Tone } from './Signal'
import { clock, day } from './format'
import { alone } from './lines'

export type Line = {
  name: string
  tone: Tone
  values: (number | null)[]
  /** The surface below it is filled. */
  filled?: boolean
}

type Props = {
  label: string
  /** Milliseconds since 1970, one for each value. */
  times: number[]
  lines: Line[]
  /** How a value is written. */
  format: (value: number) => string
  onRange?: (from: number, to: number) => void
  height?: number
}

const SYNC = uPlot.sync('metrics')

export function Chart({ label, times, lines, format, onRange, height = 180 }: Props) {
  const frame = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const theme = useShownTheme()
  const latest = useRef({ format, onRange, times, lines })
  useEffect(() => {
    latest.current = { format, onRange, times, lines }
  })
  // What the lines are called and how they look; their values change without a new chart.
  const form = lines.map((line) => `${line.name}|${line.tone}|${line.filled}`).join()

  useEffect(() => {
    const element = frame.current
    if (!element) return
    const made = new uPlot(
      options(element.clientWidth, height, latest, theme),
      dataOf(latest.current.times, latest.current.lines),
      element,
    )
    SYNC.sub(made)
    plot.current = made
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      SYNC.unsub(made)
      made.destroy()
      plot.current = null
    }
  }, [height, theme, form])

  useEffect(() => {
    plot.current?.setData(dataOf(times, lines))
  }, [times, lines])

  return (
    <figure className={styles.figure}>
      <figcaption className={styles.caption}>{label}</figcaption>
      <div
        ref={frame}
        className={styles.plot}
        role="img"
        aria-label={`${label}. ${summary(lines, format)}`}
      />
    </figure>
  )
}

/** The last and the highest of each line, for whoever cannot see them. */
function summary(lines: Line[], format: (value: number) => string): string {
  return lines
    .map((line) => {
      const known = line.values.filter((value) => value !== null)
      const last = known.at(-1)
      if (last === undefined) return `${line.name}: nothing known`
      return `${line.name}: ${format(last)} at last, ${format(Math.max(...known))} at most`
    })
    .join('; ')
}

function dataOf(times: number[], lines: Line[]): uPlot.AlignedData {
  return [times.map((time) => time / 1_000), ...lines.map((line) => line.values)]
}

type Latest = { current: Pick<Props, 'format' | 'onRange' | 'lines'> }

function options(width: number, height: number, latest: Latest, _theme: string): uPlot.Options {
  const style = getComputedStyle(document.documentElement)
  const colour = (name: string) => style.getPropertyValue(name).trim()
  const axis = {
    stroke: colour('--ink-3'),
    font: `11px ${style.getPropertyValue('--font')}`,
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
  }
  return {
    width,
    height,
    padding: [10, 6, 0, 0],
    cursor: {
      sync: { key: SYNC.key, setSeries: false },
      drag: { x: true, y: false, setScale: false },
      points: { size: 6 },
    },
    legend: { live: true },
    scales: { y: { range: (_, min, max) => [Math.min(0, min || 0), max > 0 ? max * 1.08 : 1] } },
    axes: [
      {
        ...axis,
        size: 26,
        values: (_, ticks) => {
          const first = ticks[0] ?? 0
          const long = (ticks.at(-1) ?? 0) - first > 2 * 86_400
          return ticks.map((tick) => (long ? day(tick * 1_000) : clock(tick * 1_000, false).slice(0, 5)))
        },
      },
      {
        ...axis,
        size: 58,
        values: (_, ticks) => ticks.map((tick) => latest.current.format(tick)),
      },
    ],
    series: [
      {
        value: (_, value) => (value === null ? '' : `${day(value * 1_000)} ${clock(value * 1_000, false)}`),
        label: 'At',
      },
      ...latest.current.lines.map((line): uPlot.Series => {
        const stroke = colour(`--${line.tone}`)
        return {
          label: line.name,
          stroke,
          width: 1.6,
          ...(line.filled && { fill: `color-mix(in srgb, ${stroke} 14%, transparent)` }),
          // Between two gaps there is no line: a value that stands alone is a dot.
          points: {
            show: true,
            size: 5,
            fill: stroke,
            filter: (chart, series) => alone(chart.data[series] ?? []),
          },
          value: (_, value) => (value === null ? '–' : latest.current.format(value)),
        }
      }),
    ],
    hooks: {
      setSelect: [
        (chart) => {
          const { left, width: marked } = chart.select
          if (marked < 6) return
          latest.current.onRange?.(
            Math.round(chart.posToVal(left, 'x') * 1_000),
            Math.round(chart.posToVal(left + marked, 'x') * 1_000),
          )
          chart.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false)
        },
      ],
    },
  }
}
