// The way back to the list that a page belongs to.
import { Link, type LinkProps } from '@tanstack/react-router'
import { Icon } from './Icon'
import styles from './BackLink.module.css'

export function BackLink({ label, ...rest }: LinkProps & { label: string }) {
  return (
    <Link {...rest} className={styles.back ?? ''} aria-label={label} title={label}>
      <Icon name="left" />
    </Link>
  )
}
