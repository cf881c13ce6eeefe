// Menus behind a button. Entries are data, so that all menus look and behave the same.
import { DropdownMenu } from 'radix-ui'
import type { ReactNode } from 'react'
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
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className={styles.content} align={align} sideOffset={4} collisionPadding={8}>
          {entries.map((entry, index) => (
            <Entry key={index} entry={entry} />
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
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
