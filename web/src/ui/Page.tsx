// The frame of a page: its heading with what can be done, and its content, which scrolls or fills what is left.
import { useEffect, type ReactNode } from 'react'
import { classes } from './classes'
import styles from './Page.module.css'

type Props = {
  title: string
  /** Stands before the title, such as the way back. */
  before?: ReactNode
  /** Stands beside the title: a state, a count. */
  beside?: ReactNode
  actions?: ReactNode
  children: ReactNode
  /** The content fills the window and scrolls within itself, as a table does. */
  fill?: boolean
  /** Text is not wider than this can be read. */
  narrow?: boolean
}

export function Page({ title, before, beside, actions, children, fill, narrow }: Props) {
  useTitle(title)
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        {before}
        <h1 className={styles.title}>{title}</h1>
        {beside && <div className={styles.beside}>{beside}</div>}
        <div className={styles.actions}>{actions}</div>
      </header>
      <div className={classes(styles.content, fill ? styles.fill : styles.scroll)}>
        {fill ? children : <div className={classes(styles.inner, narrow && styles.narrow)}>{children}</div>}
      </div>
    </div>
  )
}

export function useTitle(title: string) {
  useEffect(() => {
    document.title = `${title} · Hookyard`
  }, [title])
}

/** A part of a page with a heading. */
export function Section({
  title,
  beside,
  actions,
  children,
}: {
  title: ReactNode
  beside?: ReactNode
  actions?: ReactNode
  children: ReactNode
}) {
  return (
    <section className={styles.section}>
      <header className={styles.sectionHead}>
        <h2 className={styles.sectionTitle}>{title}</h2>
        {beside && <div className={styles.beside}>{beside}</div>}
        <div className={styles.actions}>{actions}</div>
      </header>
      {children}
    </section>
  )
}

/** A raised surface. */
export function Card({
  children,
  flush,
  className,
}: {
  children: ReactNode
  flush?: boolean
  className?: string | undefined
}) {
  return <div className={classes(styles.card, flush && styles.flush, className)}>{children}</div>
}

/** Names and values, in two columns. */
export function Facts({ facts }: { facts: [ReactNode, ReactNode][] }) {
  return (
    <dl className={styles.facts}>
      {facts.map(([name, value], index) => (
        <div key={index} className={styles.fact}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
