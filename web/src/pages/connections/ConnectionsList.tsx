// The connections where there is no room for the graph: a card each.
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import * as operating from '@/api/operating'
import type { Connection, Destination, Source } from '@/api/types'
import { Button } from '@/ui/Button'
import { Icon } from '@/ui/Icon'
import { Lamp } from '@/ui/Signal'
import { compact, count } from '@/ui/format'
import styles from './ConnectionsPage.module.css'
import { healthOf } from './health'
import { RuleTags } from './RuleTags'

const STEP = 60

type Props = { sources: Source[]; connections: Connection[]; destinations: Destination[] }

export function ConnectionsList({ sources, connections, destinations }: Props) {
  const { data: current } = useQuery(operating.current)
  const [shown, setShown] = useState(STEP)
  const source = new Map(sources.map((item) => [item.id, item]))
  const destination = new Map(destinations.map((item) => [item.id, item]))
  return (
    <>
      <ul className={styles.list}>
        {connections.slice(0, shown).map((connection) => {
          const to = destination.get(connection.destination_id)
          const counts = current?.connections[connection.id]
          const health = healthOf(connection, to, counts)
          return (
            <li key={connection.id}>
              <Link to="/connections/$id" params={{ id: connection.id }} className={styles.item} data-rung>
                <span className={styles.line}>
                  <Lamp state={health.state} />
                  <span className={styles.name}>{connection.name}</span>
                  <RuleTags rules={connection.rules} />
                </span>
                <span className={styles.way}>
                  <span>{source.get(connection.source_id)?.name ?? '–'}</span>
                  <Icon name="right" size={12} />
                  <span>{to?.name ?? '–'}</span>
                  <span>
                    {health.text}
                    {counts && counts.events > 0 && ` · ${compact(counts.events)}/min`}
                  </span>
                </span>
              </Link>
            </li>
          )
        })}
      </ul>
      {connections.length > shown && (
        <p style={{ marginTop: 'var(--space-3)' }}>
          <Button onClick={() => setShown(shown + STEP)}>
            Show more of the {count(connections.length - shown)} left
          </Button>
        </p>
      )}
    </>
  )
}
