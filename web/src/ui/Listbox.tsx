// A list that is narrowed by typing and walked through with the arrow keys: what the combobox and the command palette are
// made of. Focus stays in the text; the entry that Enter would take is told by `aria-activedescendant`.
import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from 'react'
import { classes } from './classes'
import { Icon } from './Icon'
import styles from './Listbox.module.css'
import { useVirtualRows } from './useVirtualRows'

export type Choice = {
  value: string
  label: string
  /** Further words that are searched in, such as an id. */
  words?: string
  hint?: ReactNode
  icon?: ReactNode
}

type Props = {
  choices: Choice[]
  onChoose: (value: string) => void
  label: string
  placeholder: string
  selected?: string | null
  /** What is said where nothing fits. */
  empty?: (text: string) => ReactNode
}

const ROW = 34

export function Listbox({ choices, onChoose, label, placeholder, selected, empty }: Props) {
  const id = useId()
  const [text, setText] = useState('')
  const found = useMemo(() => rank(choices, text), [choices, text])
  const [active, setActive] = useState(0)
  const scroller = useRef<HTMLDivElement>(null)
  const rows = useVirtualRows({ count: found.length, height: ROW, scroller })
  const { show } = rows

  useEffect(() => {
    const at = text === '' ? found.findIndex((choice) => choice.value === selected) : 0
    setActive(Math.max(at, 0))
  }, [text, found, selected])

  useEffect(() => {
    if (found.length > 0) show(active)
  }, [active, found.length, show])

  const onKeyDown = (event: KeyboardEvent) => {
    const last = found.length - 1
    if (event.key === 'ArrowDown') setActive(active >= last ? 0 : active + 1)
    else if (event.key === 'ArrowUp') setActive(active <= 0 ? last : active - 1)
    else if (event.key === 'Home' && event.ctrlKey) setActive(0)
    else if (event.key === 'End' && event.ctrlKey) setActive(last)
    else if (event.key === 'Enter') {
      const choice = found[active]
      if (choice) onChoose(choice.value)
    } else return
    event.preventDefault()
  }

  return (
    <div className={styles.root}>
      <div className={styles.search}>
        <Icon name="search" size={14} />
        <input
          // The list was opened to be searched.
          // eslint-disable-next-line jsx-a11y/no-autofocus
          autoFocus
          role="combobox"
          aria-expanded="true"
          aria-controls={`${id}-list`}
          aria-activedescendant={found[active] ? `${id}-${active}` : undefined}
          aria-label={label}
          placeholder={placeholder}
          value={text}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
        />
      </div>
      <div
        ref={scroller}
        className={styles.scroller}
        role="listbox"
        id={`${id}-list`}
        aria-label={label}
        tabIndex={-1}
      >
        <div style={{ height: rows.total, position: 'relative' }} role="presentation">
          {found.slice(rows.from, rows.to).map((choice, offset) => {
            const index = rows.from + offset
            return (
              // Keys are handled by the text field, which has the focus.
              // eslint-disable-next-line jsx-a11y/click-events-have-key-events
              <div
                key={choice.value}
                id={`${id}-${index}`}
                role="option"
                tabIndex={-1}
                aria-selected={choice.value === selected}
                aria-setsize={found.length}
                aria-posinset={index + 1}
                className={classes(styles.option, index === active && styles.active)}
                style={{ transform: `translateY(${index * ROW}px)`, height: ROW }}
                onPointerMove={() => setActive(index)}
                onClick={() => onChoose(choice.value)}
              >
                {choice.icon}
                <span className={styles.name}>{choice.label}</span>
                {choice.hint && <span className={styles.hint}>{choice.hint}</span>}
                {choice.value === selected && <Icon name="check" size={14} />}
              </div>
            )
          })}
        </div>
      </div>
      {found.length === 0 && (
        <p className={styles.empty}>{empty?.(text) ?? `Nothing is called “${text}”.`}</p>
      )}
    </div>
  )
}

/** Those that have all words of the text, best first: what begins with it, then a word that does, then anywhere. */
export function rank(choices: Choice[], text: string): Choice[] {
  const parts = text.toLowerCase().split(/\s+/).filter(Boolean)
  if (parts.length === 0) return choices
  const scored: { choice: Choice; score: number }[] = []
  for (const choice of choices) {
    const label = choice.label.toLowerCase()
    const all = `${label} ${choice.words?.toLowerCase() ?? ''}`
    if (!parts.every((part) => all.includes(part))) continue
    const first = parts[0] ?? ''
    const score = label.startsWith(first) ? 0 : all.includes(` ${first}`) ? 1 : 2
    scored.push({ choice, score })
  }
  return scored.sort((a, b) => a.score - b.score).map(({ choice }) => choice)
}
