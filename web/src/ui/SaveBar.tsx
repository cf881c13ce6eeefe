// The end of a form that is a page: what is wrong with it, or that it is not saved yet, and the buttons. It stays in sight.
import type { ReactNode } from 'react'
import type { Errors } from '@/api/problem'
import { Button } from './Button'
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

type DraftBarProps = {
  errors: Errors
  touched: boolean
  busy: boolean
  onUndo: () => void
  /** Where it does not end a form, which is submitted instead. */
  onSave?: () => void
}

/** The same for a draft of something that is stored. */
export function DraftBar({ errors, touched, busy, onUndo, onSave }: DraftBarProps) {
  return (
    <SaveBar errors={errors} unsaved={touched}>
      <Button disabled={!touched} onClick={onUndo}>
        Undo all
      </Button>
      <Button
        look="primary"
        busy={busy}
        disabled={!touched}
        {...(onSave ? { onClick: onSave } : { type: 'submit' as const })}
      >
        Save
      </Button>
    </SaveBar>
  )
}
