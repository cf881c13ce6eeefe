// How a destination's lane stands: what waits, what is under way, how fast it may go, which connections lead here.
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import * as operating from '@/api/operating'
import * as queries from '@/api/queries'
import type { Destination, Lane } from '@/api/types'
import { ButtonLink } from '@/ui/Button'
import { EventsOf } from '@/ui/EventsOf'
import { Figures, type Figure } from '@/ui/Figures'
import { Card, Facts, Section } from '@/ui/Page'
import { Lamp } from '@/ui/Signal'
import { Empty } from '@/ui/States'
import { Ago } from '@/ui/Time'
import { count, duration } from '@/ui/format'
import { healthOf } from '../connections/health'
import { RuleTags } from '../connections/RuleTags'
import styles from './LaneOverview.module.css'
import { rateText } from './laneWords'
import { AUTH, type AuthKind } from './auth'

type Props = { destination: Destination; lane: Lane | null }

export function LaneOverview({ destination, lane }: Props) {
  const { data: current } = useQuery(operating.current)
  const rate = current?.destinations[destination.id]
  const figures: Figure[] = []
  if (lane) {
    figures.push(
      {
        name: 'Waiting',
        value: count(lane.undelivered),
        note: lane.queued_in_memory > 0 ? `${count(lane.queued_in_memory)} in memory` : undefined,
      },
      {
        name: 'The oldest waits',
        value: lane.oldest_undelivered_ms ? duration(lane.oldest_undelivered_ms) : '–',
        ...((lane.oldest_undelivered_ms ?? 0) > 3_600_000 && { tone: 'amber' as const }),
      },
      {
        name: 'Under way',
        value: (
          <>
            {count(lane.in_flight)} <span className={styles.of}>of {count(lane.width)}</span>
          </>
        ),
        note: lane.width < lane.concurrency ? `slow start; ${count(lane.concurrency)} later` : undefined,
      },
    )
  }
  if (rate) {
    figures.push(
      { name: 'Delivered, last minute', value: count(rate.successful) },
      {
        name: 'Failed, last minute',
        value: count(rate.failed),
        ...(rate.failed > 0 && { tone: 'red' as const }),
      },
      {
        name: 'Attempts, 95 of 100',
        value: rate.attempt_ms ? duration(rate.attempt_ms.p95) : '–',
        note: rate.attempt_ms ? `half of them in ${duration(rate.attempt_ms.p50)}` : undefined,
      },
    )
  }
  const auth = destination.auth ? AUTH[destination.auth.kind as AuthKind] : null
  return (
    <>
      {figures.length > 0 && <Figures figures={figures} />}
      {lane && lane.width > 0 && <Berths lane={lane} />}
      <Section title="Connections that lead here">
        <Connections destination={destination} />
      </Section>
      <Section
        title="Latest events"
        actions={
          <ButtonLink small look="quiet" to="/events" search={{ destination_id: destination.id }}>
            All of them
          </ButtonLink>
        }
      >
        <EventsOf
          filters={[{ destination_id: destination.id }]}
          empty="Nothing has been sent there yet."
          withConnection
        />
      </Section>
      <Section title="Settings">
        <Facts
          facts={[
            destination.type === 'http'
              ? ['URL', <code key="url">{destination.url}</code>]
              : ['Consumers', 'ask for events; each has one for ' + duration(destination.lease_ms ?? 0)],
            ['Speed', rateText(destination.rate)],
            ['At the same time', count(destination.concurrency)],
            ...(destination.timeout_ms
              ? ([['Timeout', duration(destination.timeout_ms)]] as [string, string][])
              : []),
            ...(destination.type === 'http'
              ? ([['Authentication', auth?.name ?? 'none besides the signature']] as [string, string][])
              : []),
            [
              'Gives up',
              destination.disable_after_ms > 0
                ? `after ${duration(destination.disable_after_ms)} of nothing but failure`
                : 'never',
            ],
            ['Made', <Ago key="made" at={destination.created_at} />],
            ['Id', <code key="id">{destination.id}</code>],
          ]}
        />
      </Section>
    </>
  )
}

/** Drawn up to this many; beyond that the numbers above tell it better. */
const BERTHS_MAX = 64

/** The places for attempts of a lane, and which of them are taken. */
function Berths({ lane }: { lane: Lane }) {
  if (lane.concurrency > BERTHS_MAX) return null
  return (
    <div
      className={styles.berths}
      role="img"
      aria-label={`${lane.in_flight} of ${lane.width} places are taken`}
    >
      {Array.from({ length: lane.concurrency }, (_, at) => (
        <span
          key={at}
          className={at < lane.in_flight ? styles.taken : at < lane.width ? styles.free : styles.closed}
        />
      ))}
    </div>
  )
}

function Connections({ destination }: { destination: Destination }) {
  const { data: connections } = useQuery(queries.connections)
  const { data: sources } = useQuery(queries.sources)
  const { data: current } = useQuery(operating.current)
  const here = (connections ?? []).filter((connection) => connection.destination_id === destination.id)
  if (!connections) return null
  if (here.length === 0) {
    return (
      <Empty
        plain
        title="No connection leads here"
        action={
          <ButtonLink needs="admin" to="/connections" search={{ new: '1', destination_id: destination.id }}>
            Make one
          </ButtonLink>
        }
      />
    )
  }
  return (
    <Card flush>
      <ul className={styles.connections}>
        {here.map((connection) => {
          const counts = current?.connections[connection.id]
          const health = healthOf(connection, destination, counts)
          return (
            <li key={connection.id}>
              <Link
                to="/connections/$id"
                params={{ id: connection.id }}
                search={{}}
                className={styles.connection}
              >
                <Lamp state={health.state} label={health.text} />
                <span className={styles.name}>{connection.name}</span>
                <RuleTags rules={connection.rules} />
                <span className={styles.from}>
                  from {sources?.find((source) => source.id === connection.source_id)?.name ?? '–'}
                </span>
                <span className={styles.rate}>
                  {counts && counts.undelivered > 0 ? `${count(counts.undelivered)} waiting` : health.text}
                </span>
              </Link>
            </li>
          )
        })}
      </ul>
    </Card>
  )
}
