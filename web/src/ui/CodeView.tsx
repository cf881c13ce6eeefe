// Text to read or to write, with its syntax coloured. CodeMirror comes in a chunk of its own when the first one is shown;
// until then the text stands there plainly, in the same place.
import { lazy, Suspense, useContext } from 'react'
import { LockedContext } from '@/api/may'
import { classes } from './classes'
import styles from './CodeView.module.css'

const Editor = lazy(() => import('./CodeMirror'))

export type Language = 'json' | 'javascript' | 'xml' | 'text'

type Props = {
  value: string
  language: Language
  /** What it is, for whoever cannot see it. */
  label: string
  /** Without it the text is to be read only. */
  onChange?: (value: string) => void
  /** In pixels; text that is longer scrolls. */
  maxHeight?: number
  minHeight?: number
  /** A line to be marked, counted from 1, and what is wrong there. */
  mark?: { line: number; message: string } | null
  wrap?: boolean
}

export function CodeView({ onChange, ...props }: Props) {
  const locked = useContext(LockedContext)
  const { value, maxHeight, minHeight } = props
  const writes = locked ? undefined : onChange
  const style = { ...(maxHeight && { maxHeight }), ...(minHeight && { minHeight }) }
  return (
    <div className={classes(styles.frame, writes && styles.editable)} style={style}>
      <Suspense fallback={<pre className={styles.plain}>{value}</pre>}>
        <Editor {...props} {...(writes && { onChange: writes })} />
      </Suspense>
    </div>
  )
}

/** A few lines that need no editor: a command, an error. */
export function Code({ children, wrap }: { children: string; wrap?: boolean }) {
  return (
    // Long lines are scrolled to.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <pre className={classes(styles.code, wrap && styles.wrap)} tabIndex={0}>
      {children}
    </pre>
  )
}
