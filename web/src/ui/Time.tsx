// Moments, as they are shown. The exact one, in both zones, is in the tooltip.
import { useEffect, useState } from 'react'
import { clock, day, exact, relative } from './format'
import styles from './Time.module.css'

/** `14:03:12.345`, with the day before it where that is not today. */
export function Moment({ at, milliseconds = true }: { at: string; milliseconds?: boolean }) {
  const date = day(at)
  const text = clock(at, milliseconds)
  const cut = milliseconds ? text.length - 4 : text.length
  return (
    <time className={styles.moment} dateTime={at} title={exact(at)}>
      {date !== 'today' && <span className={styles.day}>{date} </span>}
      {text.slice(0, cut)}
      <span className={styles.fine}>{text.slice(cut)}</span>
    </time>
  )
}

/** `12 s ago`, kept true while it is looked at. */
export function Ago({ at }: { at: string }) {
  const now = useNow(Math.abs(Date.now() - Date.parse(at)) < 60_000 ? 1_000 : 30_000)
  return (
    <time className={styles.moment} dateTime={at} title={exact(at)}>
      {relative(at, now)}
    </time>
  )
}

/** The time, told again every so often. */
export function useNow(every_ms: number): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every_ms)
    return () => clearInterval(timer)
  }, [every_ms])
  return now
}
