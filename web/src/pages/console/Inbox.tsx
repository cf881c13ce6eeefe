// What arrived at the source, newest first; new ones slide in.
import { Link } from '@tanstack/react-router'
import type { RequestRow } from '@/api/types'
import type { LiveStatus } from '@/live/useLive'
import { Button } from '@/ui/Button'
import { DataTable } from '@/ui/DataTable'
import { size } from '@/ui/format'
import { LiveMark } from '@/ui/LiveMark'
import { Lamp, signal } from '@/ui/Signal'
import { Moment } from '@/ui/Time'
import { behindToken } from '../requests/parts'
import styles from './Inbox.module.css'

type Props = {
  rows: RequestRow[]
  status: LiveStatus
  openId: string | undefined
  onOpen: (row: RequestRow) => void
  onEnd: () => void
  /** Opens whatever comes in, where it does not already. */
  onFollow: (() => void) | undefined
}

export function Inbox({ rows, status, openId, onOpen, onEnd, onFollow }: Props) {
  return (
    <section className={styles.inbox} aria-label="Inbox">
      <header className={styles.head}>
        <h2 className={styles.title}>Inbox</h2>
        {onFollow && (
          <Button small look="quiet" title="Show whatever comes in" onClick={onFollow}>
            Follow
          </Button>
        )}
        <LiveMark status={status} />
      </header>
      <DataTable
        label="Requests of this source"
        rows={rows}
        rowKey={(row) => row.id}
        openKey={openId}
        onOpen={onOpen}
        onEnd={onEnd}
        card={(row) => <Card row={row} />}
        cardsBelow={Infinity}
        columns={[]}
      />
    </section>
  )
}

function Card({ row }: { row: RequestRow }) {
  const shown = row.verification === 'verified' ? 'verified' : row.status
  return (
    <div className={styles.card}>
      <div className={styles.line}>
        <Lamp state={shown} label={signal(shown).name} />
        <span className={styles.method}>{row.method}</span>
        <Link
          to="/console"
          search={(before) => ({ ...before, request: row.id })}
          replace
          className={styles.what}
          title={row.target}
        >
          {row.topic ?? (behindToken(row.target) || '/')}
        </Link>
      </div>
      <div className={styles.line}>
        <span className={styles.meta}>
          <Moment at={row.received_at} />
        </span>
        <span className={styles.size}>{size(row.body_bytes)}</span>
      </div>
    </div>
  )
}
