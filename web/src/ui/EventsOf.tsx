// The latest events of something, as a short list within a page.
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { Query } from '@/api/client'
import { useNames } from '@/api/names'
import * as queries from '@/api/queries'
import styles from './EventsOf.module.css'
import { plural, shortId, words } from './format'
import { Card } from './Page'
import { Signal, StatusCode } from './Signal'
import { Empty, Failure, LoadingRows } from './States'
import { Ago } from './Time'

type Props = {
  /** Those that fit one of these. */
  filters: Query[]
  empty: string
  /** Whether it is said which connection each went along. */
  withConnection?: boolean
  /** How often it is asked again. */
  every_ms?: number
}

export function EventsOf({ filters, empty, withConnection, every_ms }: Props) {
  const names = useNames()
  const query = useQuery({ ...queries.latestEvents(filters), refetchInterval: every_ms ?? false })
  if (query.error) return <Failure plain error={query.error} retry={() => void query.refetch()} />
  if (query.isPending) return <LoadingRows rows={4} label="Loading events" />
  const rows = query.data
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
                <Ago at={event.received_at} />
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </Card>
  )
}
