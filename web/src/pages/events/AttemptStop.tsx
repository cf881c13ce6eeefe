// One attempt in the path of an event, and behind it what was answered.
import { useQuery } from '@tanstack/react-query'
import * as queries from '@/api/queries'
import type { Attempt } from '@/api/types'
import { BodyView, Pairs } from '@/ui/body/BodyView'
import { duration, words } from '@/ui/format'
import { StatusCode, Tag } from '@/ui/Signal'
import { Failure, LoadingRows } from '@/ui/States'
import { Moment } from '@/ui/Time'
import { Stop } from '@/ui/Timeline'
import { header, headerText } from '../requests/parts'
import styles from './EventView.module.css'

/** What an error means, and what to look at. */
const ERRORS: Record<string, string> = {
  dns: 'Its host has no address. Look at the destination’s URL, and at DNS where Hookyard runs.',
  address_refused: 'Its address is one that deliveries may not go to. See the guard in the configuration.',
  connect: 'Nothing took the connection. Is the service running, and reachable from here?',
  tls: 'TLS did not come about. Look at the certificate and its names.',
  reset: 'The connection broke before there was an answer.',
  timeout: 'It did not answer within the destination’s timeout.',
  protocol: 'What came back was no HTTP.',
  request: 'The request could not be made.',
  token: 'No token could be had from the authorization server.',
  nacked: 'A consumer said that it failed.',
  lease_expired: 'A consumer took it, and did not say in time what became of it.',
}

export function AttemptStop({ attempt, open }: { attempt: Attempt; open: boolean }) {
  return (
    <Stop
      state={attempt.successful ? 'successful' : 'failed'}
      open={open}
      title={
        <>
          Attempt {attempt.number}{' '}
          {attempt.status !== null || attempt.error ? (
            <StatusCode status={attempt.status} error={attempt.error} />
          ) : (
            attempt.successful && <Tag tone="green">acknowledged</Tag>
          )}
          {attempt.trigger !== 'initial' && (
            <>
              {' '}
              <Tag>{attempt.trigger === 'manual' ? 'by hand' : 'retry'}</Tag>
            </>
          )}
        </>
      }
      aside={
        <>
          <span>{duration(attempt.duration_ms)}</span>
          <Moment at={attempt.started_at} />
        </>
      }
      note={attempt.error && (ERRORS[attempt.error] ?? words(attempt.error))}
    >
      <Answer attempt={attempt} />
    </Stop>
  )
}

function Answer({ attempt }: { attempt: Attempt }) {
  const { data, error, refetch } = useQuery({ ...queries.attempt(attempt.id), staleTime: Infinity })
  if (error) return <Failure plain error={error} retry={() => void refetch()} />
  if (!data) return <LoadingRows rows={2} label="Loading the answer" />
  const { response } = data
  return (
    <>
      {attempt.error_detail && <p className={styles.error}>{attempt.error_detail}</p>}
      {response ? (
        <>
          <BodyView
            body={response.body}
            contentType={header(response.headers, 'content-type')}
            label={`Answer to attempt ${attempt.number}`}
          />
          {response.headers.length > 0 && (
            <Pairs
              pairs={response.headers.map(([name, value]) => [name, headerText(value)])}
              label={`Headers of the answer to attempt ${attempt.number}`}
            />
          )}
        </>
      ) : (
        !attempt.error_detail && <p className={styles.faint}>There was no answer to keep.</p>
      )}
    </>
  )
}
