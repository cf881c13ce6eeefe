// What was changed, line by line. It comes in the chunk of CodeMirror when the first one is shown.
import { lazy, Suspense } from 'react'
import styles from './CodeView.module.css'

const Diff = lazy(() => import('./CodeMirrorDiff'))

type Props = { before: string; after: string; label: string; maxHeight?: number }

export function DiffView({ maxHeight, ...props }: Props) {
  return (
    <div className={styles.frame} style={maxHeight ? { maxHeight } : {}}>
      <Suspense fallback={<pre className={styles.plain}>{props.after}</pre>}>
        <Diff {...props} />
      </Suspense>
    </div>
  )
}
