// The latest events of something, as a short list within a page.
import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useNames } from '@/api/names'
import type { EventRow, Page } from '@/api/types'
import styles from './EventsOf.module.css'
import { plural, shortId, words } from './format'
import { Card } from './Page'
import { Signal, StatusCode } from './Signal'
import { Empty, Failure, LoadingRows } from './States'
import { Ago } from './Time'

type Props = {
  query: UseInfiniteQueryResult<InfiniteData<Page<EventRow>>>
  empty: string
  /** Whether it is said which connection each went along. */
  withConnection?: boolean
}

export function EventsOf({ query, empty, withConnection }: Props) {
  const names = useNames()
  if (query.error) return <Failure plain error={query.error} retry={() => void query.refetch()} />
  if (query.isPending) return <LoadingRows rows={4} label="Loading events" />
  const rows = query.data.pages[0]?.data.slice(0, 10) ?? []
  if (rows.length === 0) return <Empty plain title={empty} />
  return (
    <Card flush>
      <ul>
        {rows.map((event) => (
          <li key={event.id} className={styles.row}>
            <Link to="/events/$id" params={{ id: event.id }} search={{}} className={styles.link}>
              <span className={styles.state}>
                <Signal state={event.state} />
              </span>
              <span className={styles.id} title={event.id}>
                {event.topic ?? <code>{shortId(event.request_id)}</code>}
              </span>
              {withConnection && <span className={styles.connection}>{names.of(event.connection_id)}</span>}
              <span className={styles.what}>
                {event.discarded ? (
                  words(event.discarded)
                ) : (
                  <StatusCode status={event.last_status} error={event.last_error} />
                )}
              </span>
              <span className={styles.attempts}>{plural(event.attempts, 'attempt')}</span>
              <span className={styles.when}>
                <When event={event} />
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </Card>
  )
}

function When({ event }: { event: EventRow }) {
  const at = event.received_at ?? event.last_attempt_at
  return at ? <Ago at={at} /> : null
}
