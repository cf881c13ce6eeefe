// What was changed of something, a line for each field: what it was, and what it is.
import type { Change } from '@/api/types'
import { lines, written } from './changes'
import styles from './Changes.module.css'
import { DiffView } from './DiffView'

type Props = {
  changes: Change[]
  /** What does not fit into a line is shown line by line, instead of cut. */
  whole?: boolean
}

export function Changes({ changes, whole }: Props) {
  return (
    <ul className={styles.changes}>
      {changes.map(({ field, from, to }) => (
        <li key={field} className={styles.change}>
          <span className={styles.field}>{field}</span>
          {whole && (isLong(from) || isLong(to)) ? (
            <div className={styles.diff}>
              <DiffView before={lines(from)} after={lines(to)} label={`What was changed of ${field}`} />
            </div>
          ) : (
            <>
              {from !== null && from !== undefined && <del className={styles.from}>{written(from)}</del>}
              {to !== null && to !== undefined && <ins className={styles.to}>{written(to)}</ins>}
            </>
          )}
        </li>
      ))}
    </ul>
  )
}

const isLong = (value: unknown) => lines(value).includes('\n')
