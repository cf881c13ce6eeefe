// One line of a form: label, control, what it means, what is wrong. The label is tied to the control, and so are the texts.
import {
  useId,
  type InputHTMLAttributes,
  type ReactNode,
  type Ref,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
} from 'react'
import { Switch as RadixSwitch } from 'radix-ui'
import { classes } from './classes'
import { Icon } from './Icon'
import styles from './Field.module.css'

type FieldProps = {
  label: ReactNode
  /** What it means, in a sentence. */
  help?: ReactNode
  /** What is wrong with it; usually a problem's `detail`. */
  error?: string | null | undefined
  optional?: boolean
  children: (control: { id: string; 'aria-describedby'?: string; 'aria-invalid'?: true }) => ReactNode
}

export function Field({ label, help, error, optional, children }: FieldProps) {
  const id = useId()
  const described = [help && `${id}-help`, error && `${id}-error`].filter(Boolean).join(' ')
  return (
    <div className={styles.field}>
      <label className={styles.label} htmlFor={id}>
        {label}
        {optional && <span className={styles.optional}> optional</span>}
      </label>
      {children({
        id,
        ...(described && { 'aria-describedby': described }),
        ...(error && { 'aria-invalid': true as const }),
      })}
      {error && (
        <p className={styles.error} id={`${id}-error`}>
          {error}
        </p>
      )}
      {help && (
        <p className={styles.help} id={`${id}-help`}>
          {help}
        </p>
      )}
    </div>
  )
}

type InputProps = InputHTMLAttributes<HTMLInputElement> & { mono?: boolean; ref?: Ref<HTMLInputElement> }

export function Input({ mono, className, ...rest }: InputProps) {
  return (
    <input
      autoComplete="off"
      spellCheck={false}
      {...rest}
      className={classes(styles.input, mono && styles.mono, className)}
    />
  )
}

export function TextArea({ className, ...rest }: TextareaHTMLAttributes<HTMLTextAreaElement>) {
  return <textarea spellCheck={false} {...rest} className={classes(styles.input, styles.area, className)} />
}

type SelectProps = SelectHTMLAttributes<HTMLSelectElement> & { small?: boolean }

/** The browser's own list: it works everywhere and with everything. For long lists there is `Combobox`. */
export function Select({ children, className, small, ...rest }: SelectProps) {
  return (
    <span className={classes(styles.select, small && styles.small, className)}>
      <select {...rest}>{children}</select>
      <Icon name="down" size={14} />
    </span>
  )
}

export function Switch({
  checked,
  onChange,
  label,
  disabled,
}: {
  checked: boolean
  onChange: (on: boolean) => void
  label: ReactNode
  disabled?: boolean
}) {
  const id = useId()
  return (
    <span className={styles.switch}>
      <RadixSwitch.Root
        id={id}
        className={styles.track ?? ''}
        checked={checked}
        onCheckedChange={onChange}
        disabled={disabled ?? false}
      >
        <RadixSwitch.Thumb className={styles.thumb ?? ''} />
      </RadixSwitch.Root>
      <label htmlFor={id}>{label}</label>
    </span>
  )
}

export function Checkbox({
  label,
  className,
  ...rest
}: InputHTMLAttributes<HTMLInputElement> & { label: ReactNode }) {
  return (
    <label className={classes(styles.checkbox, className)}>
      <input type="checkbox" {...rest} />
      <span>{label}</span>
    </label>
  )
}
