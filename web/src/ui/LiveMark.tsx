// Whether the page is up to date by itself.
import type { LiveStatus } from '@/live/useLive'
import { classes } from './classes'
import styles from './LiveMark.module.css'

const NAMES: Record<LiveStatus, string> = {
  off: 'not live',
  connecting: 'connecting',
  live: 'live',
  interrupted: 'interrupted, trying again',
}

export function LiveMark({ status }: { status: LiveStatus }) {
  return (
    <span className={classes(styles.mark, styles[status])} role="status">
      <span className={styles.lamp} aria-hidden="true" />
      {NAMES[status]}
    </span>
  )
}
