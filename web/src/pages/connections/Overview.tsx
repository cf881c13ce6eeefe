// How a connection fares and what it is made of, at a glance: its line with every stop, the last minute and hour, its latest
// events.
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import * as operating from '@/api/operating'
import * as queries from '@/api/queries'
import type { Connection, Destination } from '@/api/types'
import { Button, ButtonLink } from '@/ui/Button'
import { Icon } from '@/ui/Icon'
import { Card, Facts, Section } from '@/ui/Page'
import { Ago } from '@/ui/Time'
import { EventsOf } from '@/ui/EventsOf'
import { Figures, type Figure } from '@/ui/Figures'
import { count, duration } from '@/ui/format'
import { RetryTimeline } from './form/RetryTimeline'
import styles from './Overview.module.css'
import { orderSummary, retrySummary, RULES, ruleSummary } from './ruleWords'

type Props = { connection: Connection; destination: Destination | undefined; onEdit: () => void }

export function Overview({ connection, destination, onEdit }: Props) {
  const { data: source } = useQuery(queries.source(connection.source_id))
  const { data: current } = useQuery(operating.current)
  const counts = current?.connections[connection.id]
  const attempt_ms = current?.destinations[connection.destination_id]?.attempt_ms
  const figures: Figure[] = counts
    ? [
        { name: 'Events in the last minute', value: count(counts.events) },
        { name: 'Delivered', value: count(counts.successful), tone: 'green' },
        { name: 'Failed attempts', value: count(counts.failed), ...(counts.failed > 0 && { tone: 'red' }) },
        { name: 'Discarded by rules', value: count(counts.discarded) },
        { name: 'Undelivered now', value: count(counts.undelivered) },
        ...(attempt_ms ? [{ name: 'Attempts, 95 of 100', value: duration(attempt_ms.p95) }] : []),
      ]
    : []
  return (
    <>
      <Card className={styles.way}>
        <ol className={styles.stops}>
          <li className={styles.stop}>
            <Link to="/console" search={{ source: connection.source_id }} className={styles.end}>
              <span className={styles.kind}>From</span>
              <span className={styles.endName}>{source?.name ?? connection.source_id}</span>
              <span className={styles.sub}>{source?.provider}</span>
            </Link>
          </li>
          {connection.rules.map((rule, at) => (
            <li key={at} className={styles.stop}>
              <button type="button" className={styles.rule} onClick={onEdit} title="Edit the rules">
                <Icon name={RULES[rule.type].icon} size={14} />
                <span className={styles.ruleName}>{RULES[rule.type].name}</span>
                <span className={styles.sub}>{ruleSummary(rule)}</span>
              </button>
            </li>
          ))}
          {connection.rules.length === 0 && (
            <li className={styles.stop}>
              <Button small look="quiet" icon="plus" needs="admin" onClick={onEdit}>
                Add a rule
              </Button>
            </li>
          )}
          <li className={styles.stop}>
            <Link
              to="/destinations/$id"
              params={{ id: connection.destination_id }}
              search={{}}
              className={styles.end}
            >
              <span className={styles.kind}>To</span>
              <span className={styles.endName}>{destination?.name ?? connection.destination_id}</span>
              <span className={styles.sub}>{destination?.url ?? 'pull'}</span>
            </Link>
          </li>
        </ol>
      </Card>
      {figures.length > 0 && <Figures figures={figures} />}
      <Section
        title="Latest events"
        actions={
          <ButtonLink small look="quiet" to="/events" search={{ connection_id: connection.id }}>
            All of them
          </ButtonLink>
        }
      >
        <EventsOf filters={[{ connection_id: connection.id }]} empty="Nothing has come along it yet." />
      </Section>
      <Section title="Delivery">
        <Facts
          facts={[
            ['Order', orderSummary(connection.order)],
            ['Retries', retrySummary(connection.retry)],
            ...conditions(connection),
            ['Made', <Ago key="made" at={connection.created_at} />],
            ['Changed', <Ago key="changed" at={connection.updated_at} />],
            ['Id', <code key="id">{connection.id}</code>],
          ]}
        />
        <div className={styles.timeline}>
          <RetryTimeline retry={connection.retry} />
        </div>
      </Section>
    </>
  )
}

function conditions({ retry }: Connection): [string, string][] {
  const facts: [string, string][] = []
  if (retry.retry_on.length > 0) facts.push(['Retries only on', retry.retry_on.join(', ')])
  if (retry.give_up_on.length > 0) facts.push(['Gives up on', retry.give_up_on.join(', ')])
  if (retry.max_age_ms !== null) facts.push(['Not later than', `${duration(retry.max_age_ms)} after arrival`])
  return facts
}
