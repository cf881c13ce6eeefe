// A field to search in what is on the page. What is typed is told a moment later, so that each key does not redo the page.
import { useEffect, useRef, useState, type Ref } from 'react'
import { IconButton } from './Button'
import { Icon } from './Icon'
import styles from './SearchField.module.css'

/** How long after the last key it is told. */
const PAUSE_MS = 150

type Props = {
  value: string
  onChange: (value: string) => void
  label: string
  placeholder: string
  ref?: Ref<HTMLInputElement>
}

export function SearchField({ value, onChange, label, placeholder, ref }: Props) {
  const [text, setText] = useState(value)
  const told = useRef(value)
  const tell = useRef(onChange)
  useEffect(() => {
    tell.current = onChange
  })
  // The way back in the browser changes it too.
  useEffect(() => {
    if (value === told.current) return
    told.current = value
    setText(value)
  }, [value])
  useEffect(() => {
    if (text === told.current) return
    const timer = setTimeout(() => {
      told.current = text
      tell.current(text)
    }, PAUSE_MS)
    return () => clearTimeout(timer)
  }, [text])
  return (
    <div className={styles.field}>
      <Icon name="search" size={14} />
      <input
        ref={ref}
        type="search"
        aria-label={label}
        placeholder={placeholder}
        value={text}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return
          if (text) setText('')
          else event.currentTarget.blur()
        }}
      />
      {text && <IconButton small icon="close" label="Clear the search" onClick={() => setText('')} />}
    </div>
  )
}
