// The runs of a connection's transformations on stored events: how long they took, what they printed, what failed.
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import * as operating from '@/api/operating'
import type { ExecutionRow } from '@/api/types'
import { Button } from '@/ui/Button'
import { Icon } from '@/ui/Icon'
import { Card } from '@/ui/Page'
import { Signal } from '@/ui/Signal'
import { Empty, Failure, LoadingRows } from '@/ui/States'
import { Segments } from '@/ui/Tabs'
import { Moment } from '@/ui/Time'
import { count, duration, plural } from '@/ui/format'
import styles from './Executions.module.css'
import { Console } from './form/TransformEditor'

/** So many are shown before a person is asked whether there should be more. */
const ENOUGH = 20
const PAGES_MAX = 10

export function Executions({ connectionId }: { connectionId: string }) {
  const [failed, setFailed] = useState(false)
  const query = useInfiniteQuery(
    operating.executions({ connection_id: connectionId, ...(failed && { failed: true }) }),
  )
  const pages = query.data?.pages ?? []
  const rows = pages.flatMap((page) => page?.data ?? [])
  const searched = pages.reduce((sum, page) => sum + (page?.progress?.searched ?? 0), 0)
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query
  // Runs may be far between; a few pages are looked through before a person is asked.
  const goOn = hasNextPage && !isFetchingNextPage && rows.length < ENOUGH && pages.length < PAGES_MAX
  useEffect(() => {
    if (goOn) void fetchNextPage()
  }, [goOn, fetchNextPage])
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
      ) : pages[0] === null ? (
        <Empty plain title="This gateway does not list runs">
          Each event shows those of its own, with what they printed.
        </Empty>
      ) : rows.length === 0 && !goOn && !isFetchingNextPage ? (
        <Empty plain title={failed ? 'No run has failed' : 'It has not run yet'} />
      ) : (
        <Card flush>
          <ul>
            {rows.map((row, at) => (
              <Run key={`${row.event_id}-${at}`} row={row} />
            ))}
          </ul>
        </Card>
      )}
      {hasNextPage && (
        <div className={styles.more}>
          <Button busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Look further back
          </Button>
          {searched > 0 && <span>{count(searched)} events were looked through</span>}
        </div>
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
        <Signal state={row.failure ? 'failed' : 'successful'}>{row.failure ? 'failed' : 'ran'}</Signal>
        <span className={styles.what}>
          {row.failure ?? (row.console.length > 0 ? `printed ${plural(row.console.length, 'line')}` : '')}
        </span>
        <span className={styles.time}>{duration(row.cpu_us / 1_000)}</span>
        <Moment at={row.at} milliseconds={false} />
      </button>
      {open && detail && (
        <div className={styles.body}>
          {row.failure && (
            <p className={styles.message}>
              <code>{row.failure}</code>
            </p>
          )}
          {row.console.length > 0 && <Console lines={row.console} dropped={row.console_dropped} />}
          <Link to="/events/$id" params={{ id: row.event_id }} search={{}} className={styles.link}>
            The event {row.event_id}
          </Link>
        </div>
      )}
    </li>
  )
}
