// One request in full: what it was, whether it is genuine, head, body, and what came of it. The console, the panel beside
// the list, and the page of its own all show this.
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import * as queries from '@/api/queries'
import type { RequestDetail } from '@/api/types'
import { useNames } from '@/api/names'
import { BodyView, Pairs } from '@/ui/body/BodyView'
import type { Json } from '@/ui/body/json'
import type { Place } from '@/ui/body/JsonTree'
import { Code } from '@/ui/CodeView'
import { CopyIcon } from '@/ui/Copy'
import { size } from '@/ui/format'
import { Facts } from '@/ui/Page'
import { Signal, StatusCode } from '@/ui/Signal'
import { Empty, Failure, LoadingRows } from '@/ui/States'
import { Tabs } from '@/ui/Tabs'
import { Moment } from '@/ui/Time'
import { behindToken, curl, header, headerText, queryPairs } from './parts'
import styles from './RequestView.module.css'
import { Verdict } from './Verdict'

export type RequestTab = 'body' | 'headers' | 'about' | 'events' | 'curl'

type Props = {
  id: string
  /** The bookmark that keeps a copy of it, where that is to be shown. */
  bookmark?: string | undefined
  tab: string | undefined
  onTab: (tab: string) => void
  /** Buttons, given what is shown. */
  actions?: (request: RequestDetail) => ReactNode
  onPick?: { label: string; pick: (place: Place, value: Json) => void }
}

export function RequestView({ id, bookmark, tab, onTab, actions, onPick }: Props) {
  const {
    data: request,
    error,
    refetch,
  } = useQuery(bookmark ? queries.bookmarkedRequest(bookmark) : queries.request(id))
  const { data: sources } = useQuery(queries.sources)
  if (error && !request) return <Failure plain error={error} retry={() => void refetch()} />
  if (!request) return <LoadingRows rows={6} label="Loading the request" />
  const source = sources?.find((item) => item.id === request.source_id)
  const behind = behindToken(request.target)
  const pairs = request.headers.map(([name, value]): [string, string] => [name, headerText(value)])
  const query = queryPairs(request.target)
  const events = request.events.data
  return (
    <article className={styles.view}>
      <header className={styles.head}>
        <div className={styles.line}>
          <span className={styles.method}>{request.method}</span>
          <span className={styles.target} title={request.target ?? undefined}>
            {behind || '/'}
          </span>
          {request.topic && <span className={styles.topic}>{request.topic}</span>}
        </div>
        <div className={styles.meta}>
          <Signal state={request.status} />
          <Moment at={request.received_at} />
          <span className={styles.id}>
            <code>{request.id}</code>
            <CopyIcon text={request.id} label="Copy the request's id" />
          </span>
        </div>
        {actions && <div className={styles.actions}>{actions(request)}</div>}
      </header>
      <Verdict request={request} provider={source?.provider} />
      <Tabs
        label="Parts of the request"
        value={tab ?? 'body'}
        onChange={onTab}
        tabs={[
          {
            value: 'body',
            label: 'Body',
            content: (
              <BodyView
                body={request.body}
                contentType={header(request.headers, 'content-type')}
                path={`/requests/${request.id}/body`}
                label="Body of the request"
                {...(onPick && { onPick })}
              />
            ),
          },
          {
            value: 'headers',
            label: `Headers ${pairs.length}`,
            content: <Pairs pairs={pairs} label="Headers of the request" />,
          },
          ...(query.length > 0
            ? [
                {
                  value: 'query',
                  label: `Query ${query.length}`,
                  content: <Pairs pairs={query} label="Query of the request" />,
                },
              ]
            : []),
          {
            value: 'events',
            label: `Events ${events.length}${request.events.next ? '+' : ''}`,
            content: <Events request={request} />,
          },
          { value: 'about', label: 'About', content: <About request={request} /> },
          { value: 'curl', label: 'curl', content: <Curl text={curl(request, source)} /> },
        ]}
      />
    </article>
  )
}

function Curl({ text }: { text: string }) {
  return (
    <div className={styles.curl}>
      <Code wrap>{text}</Code>
      <CopyIcon text={text} label="Copy the command" />
    </div>
  )
}

function Events({ request }: { request: RequestDetail }) {
  const names = useNames()
  if (request.events.data.length === 0) {
    return (
      <Empty plain title="No events">
        {request.status === 'accepted'
          ? 'No connection began at its source when it arrived.'
          : 'Only accepted requests are routed.'}
      </Empty>
    )
  }
  return (
    <ul className={styles.events}>
      {request.events.data.map((event) => (
        <li key={event.id}>
          <Link to="/events/$id" params={{ id: event.id }} className={styles.event}>
            <Signal state={event.state} />
            <span className={styles.route}>
              {names.of(event.connection_id)} → {names.of(event.destination_id)}
            </span>
            <StatusCode status={event.last_status} error={event.last_error} />
            <span className={styles.attempts}>
              {event.attempts} {event.attempts === 1 ? 'attempt' : 'attempts'}
            </span>
          </Link>
        </li>
      ))}
    </ul>
  )
}

function About({ request }: { request: RequestDetail }) {
  const names = useNames()
  const facts: [ReactNode, ReactNode][] = [
    ['Source', names.of(request.source_id)],
    ['From', request.remote ?? '–'],
    ['Target', <code key="target">{request.target}</code>],
    ['Body', request.body.size === null ? 'size unknown' : size(request.body.size)],
    ['Topic', request.topic ?? '–'],
    ["Provider's event id", request.provider_event_id ?? '–'],
    ["Provider's time", request.provider_time ? <Moment key="time" at={request.provider_time} /> : '–'],
  ]
  return <Facts facts={facts} />
}
