// A choice from a long list: a button that shows what is chosen, and behind it a list to search in.
import { Popover } from 'radix-ui'
import { useState, type ReactNode } from 'react'
import { classes } from './classes'
import styles from './Combobox.module.css'
import { Icon } from './Icon'
import { Listbox, type Choice } from './Listbox'

type Props = {
  id?: string
  choices: Choice[]
  value: string | null
  onChange: (value: string) => void
  label: string
  placeholder?: string
  disabled?: boolean
  /** Stands in the button instead of the chosen one's label. */
  children?: ReactNode
}

export function Combobox({
  id,
  choices,
  value,
  onChange,
  label,
  placeholder = 'Search…',
  disabled,
  children,
}: Props) {
  const [open, setOpen] = useState(false)
  const chosen = choices.find((choice) => choice.value === value)
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger
        id={id}
        className={styles.trigger}
        disabled={disabled}
        aria-label={`${label}: ${chosen?.label ?? 'none'}`}
      >
        {chosen?.icon}
        <span className={classes(styles.value, !chosen && styles.none)}>
          {children ?? chosen?.label ?? `${label}…`}
        </span>
        <Icon name="down" size={14} />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          className={styles.content}
          align="start"
          sideOffset={4}
          collisionPadding={8}
          aria-label={label}
        >
          <Listbox
            choices={choices}
            selected={value}
            label={label}
            placeholder={placeholder}
            onChoose={(next) => {
              onChange(next)
              setOpen(false)
            }}
          />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  )
}
