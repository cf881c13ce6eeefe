// What happened one after the other, as stops along a track. Each stop has a signal, a heading, when it was, and more that
// can be opened.
import { useId, useState, type ReactNode } from 'react'
import { classes } from './classes'
import { Icon } from './Icon'
import { Lamp, type SignalState } from './Signal'
import styles from './Timeline.module.css'

export function Timeline({ label, children }: { label: string; children: ReactNode }) {
  return (
    <ol className={styles.timeline} aria-label={label}>
      {children}
    </ol>
  )
}

type StopProps = {
  state: SignalState
  title: ReactNode
  /** At the end of the heading: when, how long. */
  aside?: ReactNode
  /** Always to be seen. */
  note?: ReactNode
  /** What opens below. */
  children?: ReactNode
  open?: boolean
  /** It has not happened yet. */
  ahead?: boolean
}

export function Stop({ state, title, aside, note, children, open: initially = false, ahead }: StopProps) {
  const id = useId()
  const [open, setOpen] = useState(initially)
  const heading = (
    <>
      <span className={styles.title}>{title}</span>
      {children && (
        <span className={classes(styles.arrow, open && styles.down)}>
          <Icon name="right" size={14} />
        </span>
      )}
      <span className={styles.aside}>{aside}</span>
    </>
  )
  return (
    <li className={classes(styles.stop, ahead && styles.ahead)}>
      <span className={styles.lamp}>
        <Lamp state={state} />
      </span>
      {children ? (
        <button
          type="button"
          className={styles.head}
          aria-expanded={open}
          aria-controls={id}
          onClick={() => setOpen(!open)}
        >
          {heading}
        </button>
      ) : (
        <div className={styles.head}>{heading}</div>
      )}
      {note && <div className={styles.note}>{note}</div>}
      {children && open && (
        <div className={styles.more} id={id}>
          {children}
        </div>
      )}
    </li>
  )
}
