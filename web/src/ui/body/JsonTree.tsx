// JSON to look at: what is nested can be folded, and each value says where it stands. A value can be taken up, such as to
// filter by it, where the caller wants that.
import { useMemo, useState } from 'react'
import { classes } from '../classes'
import { Digits, entries, isTree, parseJson, weigh, type Json } from './json'
import styles from './JsonTree.module.css'

export type Place = (string | number)[]

type Props = {
  text: string
  label: string
  /** What is done with a value that is clicked, and what that is called. */
  onPick?: { label: string; pick: (place: Place, value: Json) => void }
}

/** Trees with more values than this begin folded below the first levels. */
const OPEN_MAX = 120
/** Of an array or object so many entries are shown until more are asked for. */
const ENTRIES_STEP = 100

export function JsonTree({ text, label, onPick }: Props) {
  const value = useMemo(() => parseJson(text), [text])
  const openDepth = useMemo(() => (weigh(value, OPEN_MAX) < OPEN_MAX ? Infinity : 2), [value])
  return (
    // Long lines are scrolled to.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={styles.tree} role="group" aria-label={label} tabIndex={0}>
      <Node value={value} place={[]} openDepth={openDepth} onPick={onPick} />
    </div>
  )
}

type NodeProps = { value: Json; place: Place; openDepth: number; onPick?: Props['onPick'] | undefined }

function Node({ value, place, openDepth, onPick }: NodeProps) {
  const [open, setOpen] = useState(place.length < openDepth)
  const [shown, setShown] = useState(ENTRIES_STEP)
  const key = place.at(-1)
  const name = typeof key === 'string' ? <span className={styles.key}>{key}</span> : null
  const index = typeof key === 'number' ? <span className={styles.index}>{key}</span> : null
  if (!isTree(value)) {
    return (
      <div className={styles.line}>
        {name ?? index}
        <Leaf value={value} place={place} onPick={onPick} />
      </div>
    )
  }
  const inside = entries(value)
  const summary = Array.isArray(value) ? `[ ${inside.length} ]` : `{ ${inside.length} }`
  return (
    <>
      <div className={styles.line}>
        {inside.length > 0 && (
          <button
            type="button"
            className={styles.fold}
            aria-expanded={open}
            aria-label={`${open ? 'Fold' : 'Unfold'} ${key ?? 'all'}`}
            onClick={() => setOpen(!open)}
          >
            <span className={classes(styles.arrow, open && styles.down)} />
          </button>
        )}
        {name ?? index}
        <span className={styles.summary}>
          {inside.length === 0 ? (Array.isArray(value) ? '[]' : '{}') : summary}
        </span>
      </div>
      {open && inside.length > 0 && (
        <div className={styles.inside}>
          {inside.slice(0, shown).map(([entry, item]) => (
            <Node key={entry} value={item} place={[...place, entry]} openDepth={openDepth} onPick={onPick} />
          ))}
          {inside.length > shown && (
            <button type="button" className={styles.more} onClick={() => setShown(shown + ENTRIES_STEP * 5)}>
              {inside.length - shown} more
            </button>
          )}
        </div>
      )}
    </>
  )
}

function Leaf({ value, place, onPick }: Omit<NodeProps, 'openDepth'>) {
  const text = value instanceof Digits ? value.text : value === null ? 'null' : String(value)
  const kind = value instanceof Digits ? 'number' : value === null ? 'null' : typeof value
  const className = classes(styles.value, styles[kind])
  const content = kind === 'string' ? <span className={styles.quoted}>{text}</span> : text
  if (!onPick) return <span className={className}>{content}</span>
  return (
    <button
      type="button"
      className={classes(className, styles.pick)}
      title={onPick.label}
      onClick={() => onPick.pick(place, value)}
    >
      {content}
    </button>
  )
}
