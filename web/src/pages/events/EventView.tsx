// One event in full: its path from arrival to its last attempt, what is delivered, and what it is.
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useNames } from '@/api/names'
import * as queries from '@/api/queries'
import type { EventDetail } from '@/api/types'
import { BodyView, Pairs } from '@/ui/body/BodyView'
import { CopyIcon } from '@/ui/Copy'
import { words } from '@/ui/format'
import { Facts } from '@/ui/Page'
import { Badge } from '@/ui/Signal'
import { Failure, LoadingRows, Note } from '@/ui/States'
import { Tabs } from '@/ui/Tabs'
import { Ago, Moment } from '@/ui/Time'
import { header, headerText } from '../requests/parts'
import { EventActions } from './EventActions'
import { EventPath } from './EventPath'
import styles from './EventView.module.css'

type Props = { id: string; tab: string | undefined; onTab: (tab: string) => void }

export function EventView({ id, tab, onTab }: Props) {
  const names = useNames()
  const {
    data: event,
    error,
    refetch,
  } = useQuery({
    ...queries.event(id),
    // What waits or is under way is looked at again, also where no stream tells of it.
    refetchInterval: (query) => (query.state.data && isMoving(query.state.data) ? 2_000 : false),
  })
  if (error && !event) return <Failure plain error={error} retry={() => void refetch()} />
  if (!event) return <LoadingRows rows={6} label="Loading the event" />
  return (
    <article className={styles.view}>
      <header className={styles.head}>
        <div className={styles.line}>
          <Badge state={event.state} />
          <span className={styles.way}>
            {names.of(event.source_id)} <span aria-label="to">→</span> {names.of(event.destination_id)}
          </span>
        </div>
        <div className={styles.meta}>
          <code>{event.id}</code>
          <CopyIcon text={event.id} label="Copy the event's id" />
        </div>
        <div className={styles.actions}>
          <EventActions event={event} />
        </div>
      </header>
      <Situation event={event} />
      <Tabs
        label="Parts of the event"
        value={tab ?? 'path'}
        onChange={onTab}
        tabs={[
          { value: 'path', label: 'Path', content: <EventPath event={event} /> },
          { value: 'delivered', label: 'What is delivered', content: <Delivered event={event} /> },
          { value: 'about', label: 'About', content: <About event={event} /> },
        ]}
      />
    </article>
  )
}

function isMoving(event: EventDetail): boolean {
  return ['queued', 'scheduled', 'held'].includes(event.state)
}

/** What it waits for, or why it ended, where that is not to be seen at once. */
function Situation({ event }: { event: EventDetail }) {
  if (event.state === 'held') {
    const why = {
      connection_disabled: 'Its connection is disabled: enable it, and it goes out.',
      destination_paused: 'Its destination is paused: resume it, and it goes out.',
      breaker_open:
        'Its destination keeps failing. It is probed, and goes out when that works; no try is used up.',
    }
    return (
      <Note tone="amber" title="Held">
        {event.held_by ? why[event.held_by] : 'It waits.'}
      </Note>
    )
  }
  if (event.state === 'scheduled' && event.due_at) {
    return (
      <Note tone="amber" title={event.attempts === 0 ? 'Delayed' : 'Waits for its next try'}>
        <Ago at={event.due_at} />, at <Moment at={event.due_at} milliseconds={false} />
      </Note>
    )
  }
  if (event.state === 'discarded') {
    return (
      <Note tone="blue" title={`Discarded: ${words(event.discarded ?? 'by a rule')}`}>
        {event.duplicate_of && <Other id={event.duplicate_of}>The event that came first</Other>}
        {event.superseded_by && <Other id={event.superseded_by}>The newer event that was delivered</Other>}
      </Note>
    )
  }
  return null
}

function Other({ id, children }: { id: string; children: ReactNode }) {
  return (
    <Link to="/events/$id" params={{ id }} className={styles.reference}>
      {children}
    </Link>
  )
}

function Delivered({ event }: { event: EventDetail }) {
  const request = useQuery({ ...queries.request(event.request_id), enabled: event.transformed === null })
  const shown = event.transformed ?? request.data
  if (request.error) return <Failure plain error={request.error} retry={() => void request.refetch()} />
  if (!shown) return <LoadingRows rows={4} />
  return (
    <div className={styles.stack}>
      <p className={styles.faint}>
        {event.transformed
          ? 'As transformations made it. Signature and authentication are added to each attempt.'
          : 'The request as it came in. Signature and authentication are added to each attempt.'}
      </p>
      <BodyView
        body={shown.body}
        contentType={header(shown.headers, 'content-type')}
        path={`/events/${event.id}/body`}
        label="Body that is delivered"
      />
      <Pairs
        pairs={shown.headers.map(([name, value]) => [name, headerText(value)])}
        label="Headers that are delivered"
      />
    </div>
  )
}

function About({ event }: { event: EventDetail }) {
  const names = useNames()
  const facts: [ReactNode, ReactNode][] = [
    [
      'Request',
      <Link key="request" className={styles.reference} to="/requests/$id" params={{ id: event.request_id }}>
        {event.request_id}
      </Link>,
    ],
    [
      'Connection',
      <Link
        key="connection"
        className={styles.reference}
        to="/connections/$id"
        params={{ id: event.connection_id }}
      >
        {names.of(event.connection_id)}
      </Link>,
    ],
    ['Topic', event.topic ?? '–'],
    ['Attempts', event.attempts],
    ['Order key', event.order_key ? <code key="order">{event.order_key}</code> : 'waits for no other'],
    ...(event.revision
      ? ([
          ['Revision of', <code key="revision">{event.revision.key}</code>],
          ['Revision as of', <Moment key="time" at={event.revision.time} />],
        ] as [ReactNode, ReactNode][])
      : []),
  ]
  return <Facts facts={facts} />
}
