// The runs of a connection's transformations on stored events: how long they took, what they printed, what failed.
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import * as operating from '@/api/operating'
import type { ExecutionRow } from '@/api/operatingTypes'
import { Icon } from '@/ui/Icon'
import { Card } from '@/ui/Page'
import { Signal } from '@/ui/Signal'
import { Empty, Failure, LoadingRows } from '@/ui/States'
import { Segments } from '@/ui/Tabs'
import { Moment } from '@/ui/Time'
import { duration, plural, words } from '@/ui/format'
import styles from './Executions.module.css'
import { Console } from './form/TransformEditor'

export function Executions({ connectionId }: { connectionId: string }) {
  const [failed, setFailed] = useState(false)
  const query = useQuery(
    operating.executions({ connection_id: connectionId, ...(failed && { failed: true }) }),
  )
  return (
    <>
      <div className={styles.bar}>
        <Segments
          label="Which runs"
          value={failed ? 'failed' : 'all'}
          onChange={(value) => setFailed(value === 'failed')}
          options={[
            { value: 'all', label: 'All runs' },
            { value: 'failed', label: 'Failed' },
          ]}
        />
      </div>
      {query.error ? (
        <Failure plain error={query.error} retry={() => void query.refetch()} />
      ) : query.isPending ? (
        <LoadingRows rows={6} label="Loading runs" />
      ) : query.data === null ? (
        <Empty plain title="This gateway does not list runs">
          Each event shows those of its own, with what they printed.
        </Empty>
      ) : query.data.data.length === 0 ? (
        <Empty plain title={failed ? 'No run has failed' : 'It has not run yet'} />
      ) : (
        <Card flush>
          <ul>
            {query.data.data.map((row, at) => (
              <Run key={`${row.event_id}-${at}`} row={row} />
            ))}
          </ul>
        </Card>
      )}
    </>
  )
}

function Run({ row }: { row: ExecutionRow }) {
  const [open, setOpen] = useState(row.failure !== null)
  const detail = row.failure !== null || row.console.length > 0
  return (
    <li className={styles.run}>
      <button
        type="button"
        className={styles.head}
        aria-expanded={open}
        disabled={!detail}
        onClick={() => setOpen(!open)}
      >
        <span className={styles.chevron}>{detail && <Icon name={open ? 'down' : 'right'} size={12} />}</span>
        <Signal state={row.failure ? 'failed' : 'successful'}>
          {row.failure ? words(row.failure.kind) : 'ran'}
        </Signal>
        <span className={styles.what}>
          {row.failure?.message ??
            (row.console.length > 0 ? `printed ${plural(row.console.length, 'line')}` : '')}
        </span>
        <span className={styles.time}>{duration(row.cpu_us / 1_000)}</span>
        <Moment at={row.at} milliseconds={false} />
      </button>
      {open && detail && (
        <div className={styles.body}>
          {row.failure && (
            <p className={styles.message}>
              <code>{row.failure.message}</code>
              {row.failure.line !== null && ` at line ${row.failure.line}`}
            </p>
          )}
          {row.console.length > 0 && <Console lines={row.console} dropped={0} />}
          <Link to="/events/$id" params={{ id: row.event_id }} search={{}} className={styles.link}>
            The event {row.event_id}
          </Link>
        </div>
      )}
    </li>
  )
}
