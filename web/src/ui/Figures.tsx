// A few numbers that matter, large enough to be read from the next desk.
import type { ReactNode } from 'react'
import styles from './Figures.module.css'

export type Figure = {
  name: string
  value: ReactNode
  /** A remark below it. */
  note?: ReactNode
  tone?: 'green' | 'red' | 'amber'
}

export function Figures({ figures }: { figures: Figure[] }) {
  return (
    <dl className={styles.figures}>
      {figures.map((figure) => (
        <div key={figure.name} className={styles.figure}>
          <dt>{figure.name}</dt>
          <dd className={figure.tone ? styles[figure.tone] : undefined}>{figure.value}</dd>
          {figure.note && <dd className={styles.note}>{figure.note}</dd>}
        </div>
      ))}
    </dl>
  )
}
