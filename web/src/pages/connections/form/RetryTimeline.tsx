// When attempts are made, drawn on a line of time. The scale is logarithmic, as the first waits are seconds and the last
// ones hours: each mark is so far along as its time has digits.
import type { Retry } from '@/api/types'
import { duration, plural } from '@/ui/format'
import { waits } from '../ruleWords'
import styles from './RetryTimeline.module.css'

const WIDTH = 1_000
const TICKS: [number, string][] = [
  [1_000, '1 s'],
  [10_000, '10 s'],
  [60_000, '1 min'],
  [600_000, '10 min'],
  [3_600_000, '1 h'],
  [21_600_000, '6 h'],
  [86_400_000, '1 d'],
  [259_200_000, '3 d'],
  [864_000_000, '10 d'],
  [2_592_000_000, '30 d'],
  [31_536_000_000, '1 y'],
]
/** Jitter is up to an eighth of the wait, either way; a custom schedule has none. */
const JITTER = 1 / 8

export type Attempt = { at_ms: number; wait_ms: number; jitter_ms: number; dropped: boolean }

/** The first attempt and its retries, counted from the arrival. */
export function attemptsOf(retry: Retry): Attempt[] {
  let at_ms = 0
  let jitter_ms = 0
  const all = [{ at_ms: 0, wait_ms: 0, jitter_ms: 0, dropped: false }]
  for (const wait_ms of waits(retry)) {
    at_ms += wait_ms
    jitter_ms += retry.schedule === 'custom' ? 0 : wait_ms * JITTER
    all.push({
      at_ms,
      wait_ms,
      jitter_ms,
      dropped: retry.max_age_ms !== null && at_ms > retry.max_age_ms,
    })
  }
  return all
}

export function RetryTimeline({ retry }: { retry: Retry }) {
  const attempts = attemptsOf(retry)
  const made = attempts.filter((attempt) => !attempt.dropped)
  const last = attempts.at(-1)?.at_ms ?? 0
  const end = Math.max(last, retry.max_age_ms ?? 0, 10_000) * 1.12
  const from = 500
  const x = (ms: number) =>
    ms <= from ? 0 : (Math.log(ms / from) / Math.log(end / from)) * (WIDTH - 24) + 24
  const label =
    made.length === 1
      ? 'One attempt, no retries'
      : `${plural(made.length, 'attempt')}, the last one ${duration(made.at(-1)?.at_ms ?? 0)} after the first`
  const percent = (ms: number) => `${(x(ms) / WIDTH) * 100}%`
  return (
    <figure className={styles.figure}>
      <figcaption className={styles.caption}>{label}</figcaption>
      <div className={styles.line} role="img" aria-label={`Timeline: ${label}`}>
        <div className={styles.rail} />
        {TICKS.filter(([ms]) => ms < end && ms > from).map(([ms, text]) => (
          <span key={ms} className={styles.tick} style={{ left: percent(ms) }}>
            {text}
          </span>
        ))}
        {retry.max_age_ms !== null && (
          <span className={styles.cut} style={{ left: percent(retry.max_age_ms) }}>
            <span>too old</span>
          </span>
        )}
        {attempts.map((attempt, at) => (
          <span key={at}>
            {attempt.jitter_ms > 0 && !attempt.dropped && (
              <span
                className={styles.jitter}
                style={{
                  left: percent(attempt.at_ms - attempt.jitter_ms),
                  width: `${((x(attempt.at_ms + attempt.jitter_ms) - x(attempt.at_ms - attempt.jitter_ms)) / WIDTH) * 100}%`,
                }}
              />
            )}
            <span
              className={`${styles.dot} ${attempt.dropped ? styles.dropped : ''} ${at === 0 ? styles.first : ''}`}
              style={{ left: percent(attempt.at_ms) }}
              title={
                at === 0
                  ? 'First attempt, at once'
                  : `Retry ${at}: ${duration(attempt.wait_ms)} after the one before, ${duration(attempt.at_ms)} after the first${attempt.dropped ? '; too old by then' : ''}`
              }
            />
          </span>
        ))}
      </div>
      <p className={styles.waits}>
        {attempts.length > 1
          ? `Waits: ${attempts
              .slice(1, 16)
              .map((attempt) => duration(attempt.wait_ms))
              .join(' · ')}${attempts.length > 16 ? ` · and ${attempts.length - 16} more` : ''}`
          : 'What fails at the first attempt has failed.'}
      </p>
    </figure>
  )
}
