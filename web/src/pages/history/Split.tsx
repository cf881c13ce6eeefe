// A list, and beside it what is open. On a narrow window what is open covers the list.
import type { ReactNode } from 'react'
import { IconButton } from '@/ui/Button'
import { useShortcuts } from '@/ui/shortcuts'
import styles from './Split.module.css'

type Props = {
  children: ReactNode
  detail: ReactNode | null
  label: string
  onClose: () => void
  onExpand: () => void
}

export function Split({ children, detail, label, onClose, onExpand }: Props) {
  useShortcuts(
    'Detail',
    detail
      ? [
          { keys: 'Escape', label: 'Close', run: onClose },
          { keys: 'o', label: 'Open on its own page', run: onExpand },
        ]
      : [],
  )
  return (
    <div className={styles.split} data-open={detail !== null}>
      <div className={styles.list}>{children}</div>
      {detail && (
        <aside className={styles.detail} aria-label={label}>
          <div className={styles.bar}>
            <IconButton small icon="expand" label="Open on its own page" onClick={onExpand} />
            <IconButton small icon="close" label="Close" onClick={onClose} />
          </div>
          {detail}
        </aside>
      )}
    </div>
  )
}
