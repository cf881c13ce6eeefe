// The table of events.
import { Link } from '@tanstack/react-router'
import type { Names } from '@/api/names'
import type { EventRow } from '@/api/types'
import type { Column } from '@/ui/DataTable'
import { words } from '@/ui/format'
import { Lamp, Signal, StatusCode, signal } from '@/ui/Signal'
import { Ago, Moment } from '@/ui/Time'
import styles from './EventsPage.module.css'

export function columns(names: Names): Column<EventRow>[] {
  return [
    { key: 'at', header: 'Received', width: '150px', render: (row) => <Moment at={row.received_at} /> },
    { key: 'state', header: 'State', width: '112px', render: (row) => <Signal state={row.state} /> },
    {
      key: 'what',
      header: 'Event',
      width: 'minmax(140px, 1.2fr)',
      render: (row) => <EventLink row={row} />,
    },
    {
      key: 'way',
      header: 'Connection',
      width: 'minmax(160px, 1.4fr)',
      from: 700,
      render: (row) => (
        <>
          {names.of(row.source_id)} <span className={styles.faint}>→</span> {names.of(row.destination_id)}
        </>
      ),
    },
    {
      key: 'answer',
      header: 'Last answer',
      width: '120px',
      render: (row) => <Outcome row={row} />,
    },
    {
      key: 'attempts',
      header: 'Attempts',
      width: '62px',
      align: 'end',
      from: 620,
      render: (row) => row.attempts,
    },
    {
      key: 'due',
      header: 'Next try',
      width: '96px',
      align: 'end',
      from: 820,
      render: (row) =>
        row.state === 'scheduled' && row.due_at ? (
          <Ago at={row.due_at} />
        ) : (
          <span className={styles.faint}>–</span>
        ),
    },
  ]
}

export function EventCard({ row, names }: { row: EventRow; names: Names }) {
  return (
    <div className={styles.card}>
      <div className={styles.line}>
        <Lamp state={row.state} label={signal(row.state).name} />
        <EventLink row={row} />
        <span className={styles.push} />
        <Outcome row={row} />
      </div>
      <div className={styles.line}>
        <span className={styles.meta}>
          <Moment at={row.received_at} /> · {names.of(row.source_id)} → {names.of(row.destination_id)}
        </span>
      </div>
    </div>
  )
}

/** What the last attempt came to, or why there is none. */
function Outcome({ row }: { row: EventRow }) {
  if (row.discarded) return <span className={styles.faint}>{words(row.discarded)}</span>
  if (row.held_by) return <span className={styles.faint}>{words(row.held_by)}</span>
  if (row.last_status === null && row.last_error === null) return <span className={styles.faint}>–</span>
  return <StatusCode status={row.last_status} error={row.last_error} />
}

function EventLink({ row }: { row: EventRow }) {
  return (
    <Link
      from="/events"
      to="/events"
      search={(before) => ({ ...before, event: row.id })}
      replace
      className={styles.link}
      title={row.id}
    >
      {row.topic ?? <code className={styles.id}>{row.id.slice(0, 17)}</code>}
    </Link>
  )
}
