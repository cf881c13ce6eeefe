// A form for who may only look: it is shown, and why nothing can be changed in it.
import type { ReactNode } from 'react'
import { LockedContext, useMay } from '@/api/may'
import type { Scope } from '@/api/types'
import styles from './LookOnly.module.css'
import { Note } from './States'

type Props = {
  needs: Scope
  /** With this scope what is written can be tried, though not saved. */
  tries?: Scope
  children: ReactNode
}

export function LookOnly({ needs, tries, children }: Props) {
  const may = useMay()
  if (may(needs)) return children
  const locked = tries === undefined || !may(tries)
  return (
    <>
      <Note title={`Changing this takes a key with the scope ${needs}`}>
        {locked ? 'Yours shows it.' : 'With yours it can be looked at and tried out, and not saved.'}
      </Note>
      <fieldset className={styles.frame} disabled={locked}>
        <LockedContext value={locked}>{children}</LockedContext>
      </fieldset>
    </>
  )
}
