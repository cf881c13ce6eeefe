// The table of requests.
import { Link } from '@tanstack/react-router'
import type { Names } from '@/api/names'
import type { RequestRow } from '@/api/types'
import type { Column } from '@/ui/DataTable'
import { size, words } from '@/ui/format'
import { Lamp, Signal, signal } from '@/ui/Signal'
import { Moment } from '@/ui/Time'
import { behindToken } from './parts'
import styles from './RequestsPage.module.css'

export function columns(names: Names): Column<RequestRow>[] {
  return [
    {
      key: 'received_at',
      header: 'Received',
      width: '150px',
      render: (row) => <Moment at={row.received_at} />,
    },
    {
      key: 'status',
      header: 'Status',
      width: '108px',
      render: (row) => <Signal state={row.status} />,
    },
    {
      key: 'source',
      header: 'Source',
      width: 'minmax(90px, 0.8fr)',
      render: (row) => names.of(row.source_id),
    },
    {
      key: 'what',
      header: 'Request',
      width: 'minmax(160px, 2fr)',
      render: (row) => (
        <RequestLink row={row}>
          <span className={styles.method}>{row.method}</span> <What row={row} />
        </RequestLink>
      ),
    },
    {
      key: 'verification',
      header: 'Verified',
      width: '96px',
      from: 860,
      render: (row) =>
        row.verification && (
          <Signal state={row.verification}>
            {row.verification === 'verified' ? 'yes' : row.verification === 'none' ? 'no' : row.verification}
          </Signal>
        ),
    },
    {
      key: 'events',
      header: 'Events',
      width: '52px',
      align: 'end',
      from: 720,
      render: (row) => row.events ?? '–',
    },
    {
      key: 'size',
      header: 'Size',
      width: '68px',
      align: 'end',
      from: 620,
      render: (row) => size(row.body_bytes),
    },
  ]
}

export function RequestCard({ row, names }: { row: RequestRow; names: Names }) {
  return (
    <div className={styles.card}>
      <div className={styles.line}>
        <Lamp state={row.status} label={signal(row.status).name} />
        <span className={styles.method}>{row.method}</span>
        <RequestLink row={row}>
          <What row={row} />
        </RequestLink>
      </div>
      <div className={styles.line}>
        <span className={styles.meta}>
          <Moment at={row.received_at} milliseconds={false} /> · {names.of(row.source_id)}
        </span>
        <span className={styles.size}>{size(row.body_bytes)}</span>
      </div>
    </div>
  )
}

function RequestLink({ row, children }: { row: RequestRow; children: React.ReactNode }) {
  return (
    <Link
      from="/requests"
      to="/requests"
      search={(before) => ({ ...before, request: row.id })}
      replace
      className={styles.link}
      title={row.target}
    >
      {children}
    </Link>
  )
}

function What({ row }: { row: RequestRow }) {
  if (row.status === 'rejected') return <span className={styles.cause}>{words(row.cause ?? 'rejected')}</span>
  return <>{row.topic ?? (behindToken(row.target) || <span className={styles.faint}>/</span>)}</>
}
