// Buttons and links that look like buttons. `primary` is for the one thing that a page is about; `danger` for what cannot
// be undone.
import { Link, type LinkProps } from '@tanstack/react-router'
import type { ButtonHTMLAttributes, ReactNode, Ref } from 'react'
import { useMay } from '@/api/may'
import type { Scope } from '@/api/types'
import { classes } from './classes'
import styles from './Button.module.css'
import { Icon, type IconName } from './Icon'

export type Look = 'primary' | 'secondary' | 'quiet' | 'danger'
/** With `needs` it is there only for those who have that scope. */
type Form = { look?: Look; small?: boolean; icon?: IconName; trailing?: IconName; needs?: Scope | undefined }

type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> &
  Form & { busy?: boolean; ref?: Ref<HTMLButtonElement>; children: ReactNode }

const look = (form: Form, extra?: string) =>
  classes(styles.button, styles[form.look ?? 'secondary'], form.small && styles.small, extra)

export function Button({
  look: kind,
  small,
  icon,
  trailing,
  busy,
  children,
  className,
  needs,
  ...rest
}: ButtonProps) {
  const may = useMay()
  if (!may(needs)) return null
  return (
    <button
      type="button"
      {...rest}
      className={look({ ...(kind && { look: kind }), ...(small && { small }) }, className)}
      disabled={rest.disabled || busy}
      aria-busy={busy || undefined}
    >
      {busy ? <Spinner /> : icon && <Icon name={icon} size={small ? 14 : 16} />}
      <span className={styles.label}>{children}</span>
      {trailing && <Icon name={trailing} size={14} />}
    </button>
  )
}

export function ButtonLink({
  look: kind,
  small,
  icon,
  trailing,
  children,
  needs,
  ...rest
}: LinkProps & Form & { children: ReactNode }) {
  const may = useMay()
  if (!may(needs)) return null
  return (
    <Link {...rest} className={look({ ...(kind && { look: kind }), ...(small && { small }) })}>
      {icon && <Icon name={icon} size={small ? 14 : 16} />}
      <span className={styles.label}>{children}</span>
      {trailing && <Icon name={trailing} size={14} />}
    </Link>
  )
}

type IconButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & {
  icon: IconName
  /** What it does, for whoever cannot see the icon; also its tooltip. */
  label: string
  small?: boolean
  pressed?: boolean
  needs?: Scope | undefined
  ref?: Ref<HTMLButtonElement>
}

export function IconButton({ icon, label, small, pressed, className, needs, ...rest }: IconButtonProps) {
  const may = useMay()
  if (!may(needs)) return null
  return (
    <button
      type="button"
      title={label}
      aria-label={label}
      aria-pressed={pressed}
      {...rest}
      className={classes(styles.icon, small && styles.small, className)}
    >
      <Icon name={icon} size={small ? 14 : 16} />
    </button>
  )
}

export function Spinner() {
  return <span className={styles.spinner} aria-hidden="true" />
}
