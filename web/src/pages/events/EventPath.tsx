// The path of an event as a timeline: received, verified, each rule, every attempt, and what comes next.
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import * as queries from '@/api/queries'
import type { EventDetail, RequestDetail, RuleOutcome } from '@/api/types'
import { duration, plural, words } from '@/ui/format'
import type { SignalState } from '@/ui/Signal'
import { Failure, LoadingRows } from '@/ui/States'
import { Ago, Moment } from '@/ui/Time'
import { Stop, Timeline } from '@/ui/Timeline'
import { behindToken } from '../requests/parts'
import { AttemptStop } from './AttemptStop'
import styles from './EventView.module.css'

/** So many are shown at once; an event that failed for weeks has more. */
const ATTEMPTS_SHOWN = 50

export function EventPath({ event }: { event: EventDetail }) {
  const request = useQuery(queries.request(event.request_id))
  const attempts = useQuery({
    // Read anew when one was added.
    ...queries.attempts(event.id, `${event.attempts} ${event.state}`),
    placeholderData: keepPreviousData,
  })
  if (attempts.error) return <Failure plain error={attempts.error} retry={() => void attempts.refetch()} />
  if (!attempts.data) return <LoadingRows rows={4} label="Loading the attempts" />
  const hidden = Math.max(attempts.data.length - ATTEMPTS_SHOWN, 0)
  const last = attempts.data.at(-1)
  return (
    <Timeline label="Path of the event">
      <Arrival event={event} request={request.data} />
      {event.rules.map((rule, at) => (
        <RuleStop key={at} rule={rule} ended={at === event.rules.length - 1 && event.state === 'discarded'} />
      ))}
      {hidden > 0 && <Stop state="idle" title={`${plural(hidden, 'earlier attempt')} not shown`} />}
      {attempts.data.slice(hidden).map((attempt) => (
        <AttemptStop key={attempt.id} attempt={attempt} open={attempt === last && !attempt.successful} />
      ))}
      <Next event={event} />
    </Timeline>
  )
}

function Arrival({ event, request }: { event: EventDetail; request: RequestDetail | undefined }) {
  return (
    <>
      <Stop
        state="accepted"
        title={
          <>
            Received{' '}
            <Link className={styles.reference} to="/requests/$id" params={{ id: event.request_id }}>
              {request
                ? (request.topic ?? `${request.method ?? ''} ${behindToken(request.target)}`)
                : 'its request'}
            </Link>
          </>
        }
        aside={request && <Moment at={request.received_at} />}
      />
      {request && (
        <Stop
          state={request.verification ?? 'none'}
          title={request.verification === 'verified' ? 'Verified' : 'Not verified'}
          note={request.verification !== 'verified' && 'Its source has no provider.'}
        />
      )}
    </>
  )
}

function RuleStop({ rule, ended }: { rule: RuleOutcome; ended: boolean }) {
  const execution = rule.execution
  const lines = execution?.console ?? []
  const state: SignalState = ended ? 'discarded' : 'successful'
  return (
    <Stop
      state={state}
      title={`Rule: ${words(rule.type)}`}
      aside={execution && duration(execution.cpu_us / 1_000)}
      note={rule.detail}
      open={ended}
    >
      {lines.length > 0 && (
        <ul className={styles.console} aria-label="Console">
          {lines.map((line, at) => (
            <li key={at} className={styles[line.level]}>
              {line.text}
            </li>
          ))}
          {execution && execution.console_dropped > 0 && (
            <li>{plural(execution.console_dropped, 'more line')} not kept</li>
          )}
        </ul>
      )}
    </Stop>
  )
}

/** What comes, or that nothing does. */
function Next({ event }: { event: EventDetail }) {
  switch (event.state) {
    case 'scheduled':
      return (
        <Stop
          ahead
          state="scheduled"
          title={event.attempts === 0 ? 'Goes out' : `Attempt ${event.attempts + 1}`}
          aside={event.due_at && <Ago at={event.due_at} />}
        />
      )
    case 'queued':
      return <Stop ahead state="queued" title="In the queue of its destination" />
    case 'held':
      return <Stop ahead state="held" title={`Held: ${words(event.held_by ?? 'it waits')}`} />
    case 'failed':
      return (
        <Stop state="failed" title="No tries are left" note="Retry it once its destination works again." />
      )
    case 'cancelled':
      return <Stop state="cancelled" title="Cancelled" note="It can be retried." />
    case 'discarded':
    case 'successful':
      return null
  }
}
