// The signal: a lamp with a colour and a shape of its own for each state, and the state's name beside it. The shape is there
// for whoever cannot tell the colours apart.
import type { EventState, IssueState, RequestStatus, Verification } from '@/api/types'
import { classes } from './classes'
import styles from './Signal.module.css'

export type Tone = 'green' | 'red' | 'amber' | 'blue' | 'violet' | 'grey'
type Shape = 'disc' | 'cross' | 'ring' | 'bars' | 'half' | 'slash' | 'diamond' | 'arc'

export type SignalState =
  | EventState
  | RequestStatus
  | IssueState
  | Exclude<Verification, null>
  | 'delivering'
  | 'running'
  | 'paused'
  | 'breaker_open'
  | 'probing'
  | 'idle'
  | 'disabled'
  | 'enabled'
  | 'finished'

const SIGNALS: Record<SignalState, { tone: Tone; shape: Shape; name?: string }> = {
  accepted: { tone: 'green', shape: 'disc' },
  pending: { tone: 'amber', shape: 'ring' },
  handshake: { tone: 'violet', shape: 'diamond' },
  rejected: { tone: 'red', shape: 'cross' },
  verified: { tone: 'green', shape: 'disc' },
  none: { tone: 'grey', shape: 'ring', name: 'not verified' },
  scheduled: { tone: 'amber', shape: 'ring' },
  queued: { tone: 'blue', shape: 'half' },
  held: { tone: 'amber', shape: 'bars' },
  delivering: { tone: 'blue', shape: 'arc' },
  successful: { tone: 'green', shape: 'disc' },
  failed: { tone: 'red', shape: 'cross' },
  cancelled: { tone: 'grey', shape: 'slash' },
  discarded: { tone: 'grey', shape: 'diamond' },
  open: { tone: 'red', shape: 'cross' },
  acknowledged: { tone: 'amber', shape: 'ring' },
  resolved: { tone: 'green', shape: 'disc' },
  running: { tone: 'green', shape: 'disc' },
  paused: { tone: 'amber', shape: 'bars' },
  breaker_open: { tone: 'red', shape: 'cross', name: 'breaker open' },
  probing: { tone: 'amber', shape: 'arc' },
  idle: { tone: 'grey', shape: 'ring' },
  disabled: { tone: 'grey', shape: 'slash' },
  enabled: { tone: 'green', shape: 'disc' },
  finished: { tone: 'green', shape: 'disc' },
}

const SHAPES: Record<Shape, string> = {
  disc: 'M5 9.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9Z',
  cross: 'M1.5 1.5 8.5 8.5M8.5 1.5 1.5 8.5',
  ring: 'M5 8.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Z',
  bars: 'M2.8 1.5v7M7.2 1.5v7',
  half: 'M5 1.5a3.5 3.5 0 1 0 0 7Z',
  slash: 'M5 8.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.6 7.4l4.8-4.8',
  diamond: 'M5 1 9 5 5 9 1 5Z',
  arc: 'M8.5 5a3.5 3.5 0 1 1-3.5-3.5',
}
const FILLED: Shape[] = ['disc', 'half']

export function signal(state: SignalState): { tone: Tone; name: string } {
  const { tone, name } = SIGNALS[state]
  return { tone, name: name ?? state }
}

/** The lamp alone; give it a name unless text beside it says the same. */
export function Lamp({ state, label }: { state: SignalState; label?: string }) {
  const { tone, shape } = SIGNALS[state]
  return (
    <svg
      className={classes(styles.lamp, styles[tone])}
      width="10"
      height="10"
      viewBox="0 0 10 10"
      fill={FILLED.includes(shape) ? 'currentColor' : 'none'}
      stroke="currentColor"
      strokeWidth={shape === 'disc' ? 0 : 1.7}
      strokeLinecap="round"
      {...(label ? { role: 'img', 'aria-label': label } : { 'aria-hidden': true })}
    >
      <path d={SHAPES[shape]} />
    </svg>
  )
}

/** Lamp and name, without a frame: for tables. */
export function Signal({ state, children }: { state: SignalState; children?: React.ReactNode }) {
  return (
    <span className={styles.signal}>
      <Lamp state={state} />
      <span className={styles.name}>{children ?? signal(state).name}</span>
    </span>
  )
}

/** Lamp and name in a frame of its colour: for headings and details. */
export function Badge({ state, children }: { state: SignalState; children?: React.ReactNode }) {
  return (
    <span className={classes(styles.badge, styles[SIGNALS[state].tone])}>
      <Lamp state={state} />
      {children ?? signal(state).name}
    </span>
  )
}

/** A small word in a frame, for what is no state: a method, a kind, a count. */
export function Tag({ tone = 'grey', children }: { tone?: Tone; children: React.ReactNode }) {
  return <span className={classes(styles.tag, styles[tone])}>{children}</span>
}

/** A response's status in the colour of its class; what failed without an answer as its error. */
export function StatusCode({ status, error }: { status: number | null; error?: string | null }) {
  if (status === null) {
    return error ? (
      <span className={classes(styles.code, styles.red)}>{error.replaceAll('_', ' ')}</span>
    ) : null
  }
  const tone = status < 300 ? styles.green : status < 400 ? styles.amber : styles.red
  return <span className={classes(styles.code, tone)}>{status}</span>
}
