// Menus behind a button. Entries are data, so that all menus look and behave the same.
import { DropdownMenu } from 'radix-ui'
import type { ReactNode } from 'react'
import { useMay } from '@/api/may'
import type { Scope } from '@/api/types'
import { classes } from './classes'
import { Icon, type IconName } from './Icon'
import styles from './Menu.module.css'

export type MenuEntry =
  | {
      label: string
      icon?: IconName
      hint?: string
      danger?: boolean
      disabled?: boolean
      checked?: boolean
      needs?: Scope
      onSelect: () => void
    }
  | 'line'
  | { heading: string }

export function Menu({
  trigger,
  entries,
  align = 'end',
}: {
  trigger: ReactNode
  entries: MenuEntry[]
  align?: 'start' | 'end'
}) {
  const may = useMay()
  const offered = tidy(
    entries.filter((entry) => typeof entry === 'string' || !('needs' in entry) || may(entry.needs)),
  )
  if (offered.length === 0) return null
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className={styles.content} align={align} sideOffset={4} collisionPadding={8}>
          {offered.map((entry, index) => (
            <Entry key={index} entry={entry} />
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}

/** Without lines that divide nothing, as what they were for is not offered. */
function tidy(entries: MenuEntry[]): MenuEntry[] {
  return entries.filter(
    (entry, at) => entry !== 'line' || (at > 0 && at < entries.length - 1 && entries[at + 1] !== 'line'),
  )
}

function Entry({ entry }: { entry: MenuEntry }) {
  if (entry === 'line') return <DropdownMenu.Separator className={styles.line} />
  if ('heading' in entry)
    return <DropdownMenu.Label className={styles.heading}>{entry.heading}</DropdownMenu.Label>
  const inside = (
    <>
      <span className={styles.icon}>
        {entry.checked ? <Icon name="check" size={14} /> : entry.icon && <Icon name={entry.icon} size={14} />}
      </span>
      <span className={styles.label}>{entry.label}</span>
      {entry.hint && <span className={styles.hint}>{entry.hint}</span>}
    </>
  )
  const className = classes(styles.item, entry.danger && styles.danger)
  if (entry.checked === undefined) {
    return (
      <DropdownMenu.Item className={className} disabled={entry.disabled ?? false} onSelect={entry.onSelect}>
        {inside}
      </DropdownMenu.Item>
    )
  }
  return (
    <DropdownMenu.CheckboxItem className={className} checked={entry.checked} onSelect={entry.onSelect}>
      {inside}
    </DropdownMenu.CheckboxItem>
  )
}
