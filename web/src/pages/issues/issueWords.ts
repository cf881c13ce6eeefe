// What an issue says, what it means, what to do, and where its events are.
import type { Names } from '@/api/names'
import type { EventState, Issue, IssueKind } from '@/api/types'
import { words } from '@/ui/format'

export const KIND: Record<IssueKind, string> = {
  delivery: 'delivery',
  transform: 'transformation',
  rejected: 'rejected requests',
  backpressure: 'backlog',
  disabled: 'disabled',
}

export function issueTitle(issue: Issue, names: Names): string {
  switch (issue.kind) {
    case 'delivery':
      return `Events of ${names.of(issue.connection_id)} fail: ${causeText(issue.cause)}`
    case 'transform':
      return `The transformation of ${names.of(issue.connection_id)} fails`
    case 'rejected':
      return `Requests to ${names.of(issue.source_id)} are rejected: ${words(issue.cause)}`
    case 'backpressure':
      return `Events to ${names.of(issue.destination_id)} wait too long`
    case 'disabled':
      return `${names.of(issue.connection_id)} was disabled: ${words(issue.cause)}`
  }
}

/** A status as it is; the kind of an error as words. */
export function causeText(cause: string): string {
  return /^\d+$/.test(cause) ? cause : words(cause)
}

const ERRORS: Record<string, string> = {
  dns: 'The name of its host was not found. Is the URL right, and does this machine resolve it?',
  address_refused:
    'Its address is one that is not delivered to, such as a private network. Allow it in delivery.allow_networks if that is meant.',
  connect: 'Nobody accepted the connection. Is the service up, and the port right?',
  tls: 'The TLS handshake failed: an expired or foreign certificate, or one that it wants of us.',
  reset: 'The connection broke off in the middle of an attempt.',
  timeout: "It did not answer in time. Make it answer sooner, or the destination's timeout longer.",
  protocol: 'What it answered is no HTTP that can be understood.',
  request: 'The request could not be made as configured; the attempt says why.',
  token: 'The token for it could not be had from its token endpoint.',
  nacked: 'Consumers refuse the events; the attempts have their reasons.',
  lease_expired: 'Consumers took the events and did not answer before the lease ended.',
}

/** What it means, and what to do about it. */
export function advice(issue: Issue): string {
  switch (issue.kind) {
    case 'delivery': {
      const status = Number(issue.cause)
      if (Number.isNaN(status)) return ERRORS[issue.cause] ?? 'Its attempts say more.'
      if (status === 401 || status === 403)
        return 'It does not let us in. Are the authentication and the signing secret those that it expects?'
      if (status === 404) return 'There is nothing at that URL. Was it moved?'
      if (status === 410) return 'It says that it is gone for good.'
      if (status === 429)
        return 'It gets more than it takes. Give the destination a rate, or fewer attempts at a time.'
      if (status >= 500)
        return 'The service fails on its side. Its own log says why; retry the events when it is mended.'
      return 'It refuses what it is sent. What it answered stands with each attempt.'
    }
    case 'transform':
      return 'The code throws, or makes nothing that can be sent. Mend it in the connection; then replay the events.'
    case 'rejected':
      return 'Each request says what was wrong with it, and what was found. They are not routed, and the sender was told so.'
    case 'backpressure':
      return 'The destination is paused, fails, or is slower than what comes in. Nothing is lost: the events wait.'
    case 'disabled':
      return 'Its destination did nothing but fail, or said that it is gone. Enable the connection when it is back; its events are held.'
  }
}

/** Where an event stands that is still to be delivered. */
const WAITING: EventState[] = ['queued', 'scheduled', 'held']

type Filters = Record<string, string>

/** The filters of the events that it is about, a list for each; of rejected requests there are none. */
export function eventsOf(issue: Issue): Filters[] {
  switch (issue.kind) {
    case 'delivery': {
      const cause: Filters = /^\d+$/.test(issue.cause)
        ? { last_status: issue.cause }
        : { last_error: issue.cause }
      return of('connection_id', issue.connection_id, { state: 'failed', ...cause })
    }
    case 'transform':
      return of('connection_id', issue.connection_id, { state: 'discarded', discarded: 'transform_error' })
    case 'backpressure':
      return WAITING.flatMap((state) => of('destination_id', issue.destination_id, { state }))
    case 'disabled':
      return of('connection_id', issue.connection_id, { state: 'held' })
    case 'rejected':
      return []
  }
}

function of(name: string, id: string | null, filters: Filters): Filters[] {
  return id === null ? [] : [{ [name]: id, ...filters }]
}

/** What is done to all of its events once it is mended. */
export function bulkFor(issue: Issue): 'retry' | 'replay' | null {
  if (issue.kind === 'delivery') return 'retry'
  return issue.kind === 'transform' ? 'replay' : null
}
