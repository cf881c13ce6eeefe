// One issue: what fails and why, what to do, its history, its events, and retrying all of them.
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { useNames } from '@/api/names'
import * as queries from '@/api/queries'
import type { Issue } from '@/api/types'
import { BackLink } from '@/ui/BackLink'
import { Button, ButtonLink } from '@/ui/Button'
import { EventsOf } from '@/ui/EventsOf'
import { Facts, Page, Section } from '@/ui/Page'
import { Badge } from '@/ui/Signal'
import { Failure, LoadingRows } from '@/ui/States'
import { Ago, Moment } from '@/ui/Time'
import { Stop, Timeline } from '@/ui/Timeline'
import { count, plural } from '@/ui/format'
import { useShortcuts } from '@/ui/shortcuts'
import { NARROW, useMedia } from '@/ui/useMedia'
import { BulkBanner } from '../events/BulkBanner'
import { BulkDialog } from '../events/BulkDialog'
import styles from './IssuesPage.module.css'
import { advice, bulkFor, causeText, eventsOf, issueTitle, KIND } from './issueWords'
import { useIssueActions } from './useIssueActions'

export function IssuePage() {
  const { id } = useParams({ from: '/issues/$id' })
  const query = useQuery({ ...queries.issue(id), refetchInterval: 5_000 })
  if (query.data) return <Loaded issue={query.data} />
  return (
    <Page title="Issue" before={<BackLink to="/issues" label="All issues" />}>
      {query.error ? (
        <Failure error={query.error} retry={() => void query.refetch()} />
      ) : (
        <LoadingRows rows={6} label="Loading the issue" />
      )}
    </Page>
  )
}

function Loaded({ issue }: { issue: Issue }) {
  const names = useNames()
  const narrow = useMedia(NARROW)
  const actions = useIssueActions()
  const [bulk, setBulk] = useState(false)
  const action = bulkFor(issue)
  const filters = eventsOf(issue)
  const busy = actions.busy === issue.id
  const mayResolve = issue.state !== 'resolved'
  useShortcuts('Issue', [
    {
      keys: 'a',
      label: 'Acknowledge',
      needs: 'operate',
      run: () => issue.state === 'open' && void actions.run(issue, 'acknowledge'),
    },
    {
      keys: 'x',
      label: 'Resolve',
      needs: 'operate',
      run: () => mayResolve && void actions.run(issue, 'resolve'),
    },
  ])
  return (
    <Page
      title={issueTitle(issue, names)}
      before={<BackLink to="/issues" label="All issues" />}
      beside={!narrow && <Badge state={issue.state} />}
      actions={
        <>
          {issue.state === 'open' && (
            <Button needs="operate" busy={busy} onClick={() => void actions.run(issue, 'acknowledge')}>
              {narrow ? 'Ack' : 'Acknowledge'}
            </Button>
          )}
          {mayResolve && (
            <Button
              needs="operate"
              icon="check"
              busy={busy}
              onClick={() => void actions.run(issue, 'resolve')}
            >
              Resolve
            </Button>
          )}
        </>
      }
    >
      <div className={styles.banner}>
        <BulkBanner />
      </div>
      <p className={styles.lead}>{advice(issue)}</p>
      <div className={styles.two}>
        <Facts
          facts={[
            ['Kind', KIND[issue.kind]],
            ['Cause', causeText(issue.cause)],
            ['Seen', `${count(issue.count)} ${issue.count === 1 ? 'time' : 'times'}`],
            ...about(issue, names.of),
            ['Id', <code key="id">{issue.id}</code>],
          ]}
        />
        <History issue={issue} />
      </div>
      <div className={styles.links}>
        {action && filters[0] && (
          <Button look="primary" needs="operate" icon={action} onClick={() => setBulk(true)}>
            {action === 'retry' ? 'Retry its events' : 'Replay its events'}
          </Button>
        )}
        {issue.sample_event_id && (
          <ButtonLink to="/events/$id" params={{ id: issue.sample_event_id }} search={{}}>
            The last event of it
          </ButtonLink>
        )}
        {issue.sample_request_id && (
          <ButtonLink to="/requests/$id" params={{ id: issue.sample_request_id }} search={{}}>
            {issue.kind === 'rejected' ? 'The last request of it' : 'Its request'}
          </ButtonLink>
        )}
        {issue.kind === 'rejected' && issue.source_id && (
          <ButtonLink
            to="/requests"
            search={{ source_id: issue.source_id, status: 'rejected', cause: issue.cause }}
          >
            All requests of it
          </ButtonLink>
        )}
      </div>
      {filters.length > 0 && <Events filters={filters} />}
      {bulk && action && filters[0] && (
        <BulkDialog action={action} query={filters[0]} onClose={() => setBulk(false)} />
      )}
    </Page>
  )
}

function Events({ filters }: { filters: Record<string, string>[] }) {
  return (
    <Section
      title="Its events"
      actions={filters.map((one) => (
        <ButtonLink key={one.state} small look="quiet" to="/events" search={one}>
          {filters.length > 1 ? `All that are ${one.state}` : 'All of them'}
        </ButtonLink>
      ))}
    >
      <EventsOf
        filters={filters}
        empty="None of them is in that state any more."
        withConnection
        every_ms={5_000}
      />
    </Section>
  )
}

function about(issue: Issue, nameOf: (id: string | null) => string): [string, React.ReactNode][] {
  const facts: [string, React.ReactNode][] = []
  if (issue.source_id) {
    facts.push([
      'Source',
      <Link key="source" to="/console" search={{ source: issue.source_id }}>
        {nameOf(issue.source_id)}
      </Link>,
    ])
  }
  if (issue.connection_id) {
    facts.push([
      'Connection',
      <Link key="connection" to="/connections/$id" params={{ id: issue.connection_id }} search={{}}>
        {nameOf(issue.connection_id)}
      </Link>,
    ])
  }
  if (issue.destination_id) {
    facts.push([
      'Destination',
      <Link key="destination" to="/destinations/$id" params={{ id: issue.destination_id }} search={{}}>
        {nameOf(issue.destination_id)}
      </Link>,
    ])
  }
  return facts
}

function History({ issue }: { issue: Issue }) {
  return (
    <Timeline label="History">
      <Stop
        state="open"
        title="First seen"
        aside={<Moment at={issue.first_seen_at} milliseconds={false} />}
      />
      {issue.reopened > 0 && (
        <Stop state="open" title={`Came back ${plural(issue.reopened, 'time')} after it was resolved`} />
      )}
      <Stop
        state="failed"
        title="Last seen"
        aside={
          <>
            <Ago at={issue.last_seen_at} />
          </>
        }
      />
      {issue.acknowledged_at && (
        <Stop
          state="acknowledged"
          title="Acknowledged"
          aside={<Moment at={issue.acknowledged_at} milliseconds={false} />}
        />
      )}
      {issue.resolved_at && (
        <Stop
          state="resolved"
          title={issue.resolved_by === 'person' ? 'Resolved by a person' : 'Resolved itself: it works again'}
          aside={<Moment at={issue.resolved_at} milliseconds={false} />}
        />
      )}
    </Timeline>
  )
}
