// The end of a form that is a page: what is wrong with it, or that it is not saved yet, and the buttons. It stays in sight.
import type { ReactNode } from 'react'
import type { Errors } from '@/api/problem'
import styles from './SaveBar.module.css'

export function SaveBar({
  errors,
  unsaved,
  children,
}: {
  errors: Errors
  unsaved: boolean
  children: ReactNode
}) {
  const wrong = Object.values(errors)[0]
  return (
    <div className={styles.bar}>
      <span className={wrong ? styles.error : undefined} role="status">
        {wrong ?? (unsaved ? 'Not saved yet.' : '')}
      </span>
      {children}
    </div>
  )
}
