// What was changed, line by line.
import { useMemo } from 'react'
import styles from './DiffView.module.css'
import { diff } from './diff'
import { plural } from './format'

type Props = { before: string; after: string; label: string; maxHeight?: number }

const SIGNS = { same: ' ', gone: '−', new: '+' }
const WORDS = { same: '', gone: 'gone: ', new: 'new: ' }

export function DiffView({ before, after, label, maxHeight }: Props) {
  const lines = useMemo(() => diff(before, after), [before, after])
  return (
    // Long texts are scrolled with the keyboard too.
    <div
      className={styles.diff}
      style={maxHeight ? { maxHeight } : {}}
      role="group"
      aria-label={label}
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
    >
      {lines.map((line, at) =>
        line.kind === 'skipped' ? (
          <div key={at} className={styles.skipped}>
            {plural(line.lines, 'line')} unchanged
          </div>
        ) : (
          <div key={at} className={styles[line.kind]}>
            <span className={styles.sign} aria-hidden="true">
              {SIGNS[line.kind]}
            </span>
            <span className="visually-hidden">{WORDS[line.kind]}</span>
            {line.text || ' '}
          </div>
        ),
      )}
    </div>
  )
}
