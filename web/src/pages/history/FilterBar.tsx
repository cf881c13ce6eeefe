// The filters above a list: what is searched for, a chip for each that is chosen, and a way to add more.
import { Popover } from 'radix-ui'
import { useEffect, useRef, useState, type FormEvent, type ReactNode } from 'react'
import { Button, IconButton } from '@/ui/Button'
import { Input, TextArea } from '@/ui/Field'
import { Icon } from '@/ui/Icon'
import { Listbox } from '@/ui/Listbox'
import { useShortcuts } from '@/ui/shortcuts'
import styles from './FilterBar.module.css'
import type { FilterField, FilterValues } from './filters'

type Props = {
  fields: FilterField[]
  values: FilterValues
  onChange: (changes: FilterValues) => void
  /** Stands at the end: the time range. */
  children?: ReactNode
}

export function FilterBar({ fields, values, onChange, children }: Props) {
  const chosen = fields.filter((field) => values[field.name] !== undefined)
  const [adding, setAdding] = useState(false)
  const [field, setField] = useState<FilterField | null>(null)
  useShortcuts('Filters', [{ keys: 'a', label: 'Add a filter', run: () => setAdding(true) }])
  const close = () => {
    setAdding(false)
    setField(null)
  }
  return (
    <div className={styles.bar} role="search" aria-label="Filters">
      <SearchField value={values.search ?? ''} onChange={(search) => onChange({ search })} />
      {chosen.map((item) => (
        <Chip
          key={item.name}
          field={item}
          value={values[item.name] ?? ''}
          onChange={(value) => onChange({ [item.name]: value })}
        />
      ))}
      <Popover.Root open={adding} onOpenChange={(open) => (open ? setAdding(true) : close())}>
        <Popover.Trigger asChild>
          <Button small look="quiet" icon="filter">
            Filter
          </Button>
        </Popover.Trigger>
        <Popover.Portal>
          <Popover.Content
            className={styles.popover}
            align="start"
            sideOffset={4}
            collisionPadding={8}
            aria-label="Add a filter"
          >
            {field ? (
              <ValueEditor
                field={field}
                value=""
                onChange={(value) => {
                  onChange({ [field.name]: value })
                  close()
                }}
              />
            ) : (
              <Listbox
                label="Filter by"
                placeholder="Filter by…"
                choices={fields
                  .filter((item) => values[item.name] === undefined)
                  .map((item) => ({ value: item.name, label: item.label }))}
                onChoose={(name) => setField(fields.find((item) => item.name === name) ?? null)}
              />
            )}
          </Popover.Content>
        </Popover.Portal>
      </Popover.Root>
      {(chosen.length > 1 || (chosen.length === 1 && values.search)) && (
        <Button
          small
          look="quiet"
          onClick={() =>
            onChange({
              search: undefined,
              ...Object.fromEntries(chosen.map((item) => [item.name, undefined])),
            })
          }
        >
          Clear all
        </Button>
      )}
      <span className={styles.end}>{children}</span>
    </div>
  )
}

function SearchField({ value, onChange }: { value: string; onChange: (value: string | undefined) => void }) {
  const [text, setText] = useState(value)
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => setText(value), [value])
  useShortcuts('Filters', [
    { keys: '/', label: 'Search in heads and bodies', run: () => input.current?.focus() },
  ])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onChange(text.trim() || undefined)
  }
  return (
    <form className={styles.search} onSubmit={submit}>
      <Icon name="search" size={14} />
      <input
        ref={input}
        type="search"
        aria-label="Search in heads and bodies"
        placeholder="Search in heads and bodies"
        value={text}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => {
          setText(event.target.value)
          if (event.target.value === '' && value !== '') onChange(undefined)
        }}
        onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
      />
      {text !== value && text.trim() !== '' && <span className={styles.enter}>↵</span>}
    </form>
  )
}

function Chip({
  field,
  value,
  onChange,
}: {
  field: FilterField
  value: string
  onChange: (value: string | undefined) => void
}) {
  const [open, setOpen] = useState(false)
  const shown = field.show?.(value) ?? field.choices?.find((choice) => choice.value === value)?.label ?? value
  return (
    <span className={styles.chip}>
      <Popover.Root open={open} onOpenChange={setOpen}>
        <Popover.Trigger className={styles.chosen} title={`${field.label}: ${shown}`}>
          <span className={styles.field}>{field.label}</span>
          <span className={styles.value}>{shown}</span>
        </Popover.Trigger>
        <Popover.Portal>
          <Popover.Content
            className={styles.popover}
            align="start"
            sideOffset={4}
            collisionPadding={8}
            aria-label={field.label}
          >
            <ValueEditor
              field={field}
              value={value}
              onChange={(next) => {
                onChange(next)
                setOpen(false)
              }}
            />
          </Popover.Content>
        </Popover.Portal>
      </Popover.Root>
      <IconButton
        small
        icon="close"
        label={`Remove the filter ${field.label}`}
        onClick={() => onChange(undefined)}
      />
    </span>
  )
}

function ValueEditor({
  field,
  value,
  onChange,
}: {
  field: FilterField
  value: string
  onChange: (value: string) => void
}) {
  const [text, setText] = useState(value)
  const [wrong, setWrong] = useState<string | null>(null)
  if (field.choices) {
    return (
      <Listbox
        label={field.label}
        placeholder={`${field.label}…`}
        choices={field.choices}
        selected={value}
        onChoose={onChange}
      />
    )
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const trimmed = text.trim()
    const problem = field.check?.(trimmed) ?? null
    setWrong(problem)
    if (problem === null && trimmed !== '') onChange(trimmed)
  }
  const common = {
    'aria-label': field.label,
    'aria-invalid': wrong !== null || undefined,
    placeholder: field.placeholder,
    value: text,
  }
  return (
    <form className={styles.editor} onSubmit={submit}>
      {field.multiline ? (
        <TextArea {...common} rows={5} onChange={(event) => setText(event.target.value)} />
      ) : (
        <Input {...common} mono onChange={(event) => setText(event.target.value)} />
      )}
      {wrong && <p className={styles.wrong}>{wrong}</p>}
      {field.help && <p className={styles.help}>{field.help}</p>}
      <Button small look="primary" type="submit" disabled={text.trim() === ''}>
        Filter
      </Button>
    </form>
  )
}
