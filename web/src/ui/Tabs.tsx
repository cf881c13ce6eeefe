// Tabs whose choice the caller holds, in the URL where it is worth a link.
import { Tabs as Radix } from 'radix-ui'
import type { ReactNode } from 'react'
import styles from './Tabs.module.css'

export type Tab = { value: string; label: ReactNode; content: ReactNode }

export function Tabs({
  value,
  onChange,
  tabs,
  label,
  aside,
}: {
  value: string
  onChange: (value: string) => void
  tabs: Tab[]
  label: string
  aside?: ReactNode
}) {
  return (
    <Radix.Root value={value} onValueChange={onChange} className={styles.root ?? ''}>
      <div className={styles.bar}>
        <Radix.List className={styles.list ?? ''} aria-label={label}>
          {tabs.map((tab) => (
            <Radix.Trigger key={tab.value} value={tab.value} className={styles.tab ?? ''}>
              {tab.label}
            </Radix.Trigger>
          ))}
        </Radix.List>
        {aside}
      </div>
      {tabs.map((tab) => (
        <Radix.Content key={tab.value} value={tab.value} className={styles.content ?? ''}>
          {tab.content}
        </Radix.Content>
      ))}
    </Radix.Root>
  )
}

/** A few exclusive choices in a row, where each fits in a word. */
export function Segments<T extends string>({
  value,
  onChange,
  options,
  label,
}: {
  value: T
  onChange: (value: T) => void
  options: { value: T; label: ReactNode }[]
  label: string
}) {
  return (
    <div className={styles.segments} role="group" aria-label={label}>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          className={styles.segment}
          aria-pressed={option.value === value}
          onClick={() => onChange(option.value)}
        >
          {option.label}
        </button>
      ))}
    </div>
  )
}
