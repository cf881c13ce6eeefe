// What stands where data would: nothing yet, not here yet, went wrong, too much. Each says what to do next.
import type { ReactNode } from 'react'
import { Problem } from '@/api/problem'
import { Button } from './Button'
import { classes } from './classes'
import styles from './States.module.css'

/** Nothing is here. With the yard drawn where it is a page's first sight, without where it is a part of one. */
export function Empty({
  title,
  children,
  action,
  plain,
}: {
  title: string
  children?: ReactNode
  action?: ReactNode
  plain?: boolean
}) {
  return (
    <div className={classes(styles.state, plain && styles.plain)}>
      {!plain && <Yard />}
      <p className={styles.title}>{title}</p>
      {children && <div className={styles.text}>{children}</div>}
      {action && <div className={styles.action}>{action}</div>}
    </div>
  )
}

/** What went wrong, in the gateway's words, and a way to try again. */
export function Failure({ error, retry, plain }: { error: unknown; retry?: () => void; plain?: boolean }) {
  const problem = error instanceof Problem ? error : null
  return (
    <div className={classes(styles.state, plain && styles.plain)} role="alert">
      {!plain && <Yard broken />}
      <p className={styles.title}>{problem?.title ?? 'Something went wrong here'}</p>
      <div className={styles.text}>{error instanceof Error ? error.message : String(error)}</div>
      {problem && problem.status > 0 && <code className={styles.code}>{problem.code}</code>}
      {retry && (
        <div className={styles.action}>
          <Button icon="retry" onClick={retry}>
            Try again
          </Button>
        </div>
      )}
    </div>
  )
}

/** Where rows will stand: the same height, so that nothing moves when they come. */
export function LoadingRows({ rows = 8, label = 'Loading' }: { rows?: number; label?: string }) {
  return (
    <div className={styles.rows} role="status" aria-label={label}>
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} className={styles.row}>
          <span className={styles.bone} style={{ width: `${12 + ((index * 7) % 9)}%` }} />
          <span className={styles.bone} style={{ width: `${24 + ((index * 13) % 31)}%` }} />
          <span className={styles.bone} style={{ width: '8%', marginLeft: 'auto' }} />
        </div>
      ))}
    </div>
  )
}

export function Bone({ width = '100%', height = 14 }: { width?: string | number; height?: number }) {
  return <span className={styles.bone} style={{ width, height }} aria-hidden="true" />
}

/** A remark in the page, in a signal's colour. */
export function Note({
  tone = 'blue',
  title,
  children,
  action,
}: {
  tone?: 'blue' | 'amber' | 'red' | 'green'
  title?: ReactNode
  children?: ReactNode
  action?: ReactNode
}) {
  return (
    <div className={classes(styles.note, styles[tone])}>
      <div className={styles.noteText}>
        {title && <p className={styles.noteTitle}>{title}</p>}
        {children}
      </div>
      {action}
    </div>
  )
}

/** A yard at rest: tracks that part and meet. */
function Yard({ broken }: { broken?: boolean }) {
  return (
    <svg className={styles.yard} width="220" height="72" viewBox="0 0 220 72" fill="none" aria-hidden="true">
      <path
        d="M0 36h220M40 36c22 0 22-22 44-22h52c22 0 22 22 44 22M40 36c22 0 22 22 44 22h52c22 0 22-22 44-22"
        stroke="var(--line-strong)"
        strokeWidth="2"
      />
      <path
        d="M0 36h220M92 14h36M92 58h36"
        stroke="var(--line-strong)"
        strokeWidth="10"
        strokeDasharray="2 8"
        opacity="0.55"
      />
      <circle cx="110" cy="14" r="5" fill="var(--bg)" stroke="var(--line-strong)" strokeWidth="2" />
      <circle cx="110" cy="58" r="5" fill="var(--bg)" stroke="var(--line-strong)" strokeWidth="2" />
      <circle cx="110" cy="36" r="6" fill={broken ? 'var(--red)' : 'var(--green)'} />
    </svg>
  )
}
