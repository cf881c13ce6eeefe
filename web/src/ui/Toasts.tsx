// Where toasts are shown. Once in the page, in the shell.
import { useEffect, useState, useSyncExternalStore } from 'react'
import { IconButton } from './Button'
import { classes } from './classes'
import { toastStore, type Toast } from './toast'
import styles from './Toasts.module.css'

const GOOD_MS = 4_000
const BAD_MS = 9_000

export function Toasts() {
  const toasts = useSyncExternalStore(toastStore.subscribe, toastStore.get)
  return (
    <div className={styles.stack} role="region" aria-label="Messages" aria-live="polite">
      {toasts.map((toast) => (
        <Item key={toast.id} toast={toast} />
      ))}
    </div>
  )
}

function Item({ toast }: { toast: Toast }) {
  const [held, setHeld] = useState(false)
  useEffect(() => {
    if (held) return
    const timer = setTimeout(() => toastStore.dismiss(toast.id), toast.tone === 'bad' ? BAD_MS : GOOD_MS)
    return () => clearTimeout(timer)
  }, [held, toast.id, toast.tone])
  return (
    <div
      className={classes(styles.toast, styles[toast.tone])}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
    >
      <div className={styles.text}>
        <p className={styles.title}>{toast.title}</p>
        {toast.detail && <p className={styles.detail}>{toast.detail}</p>}
      </div>
      <IconButton small icon="close" label="Dismiss" onClick={() => toastStore.dismiss(toast.id)} />
    </div>
  )
}
