// What events can be filtered by.
import type { Query } from '@/api/client'
import type { EventRow } from '@/api/types'
import { MATCH, PROVIDER_EVENT_ID, TOPIC } from '../history/fields'
import { hasAll, type FilterField } from '../history/filters'
import type { View } from '../history/views'

const word = (value: string) => ({ value, label: value.replaceAll('_', ' ') })
const number = (text: string) => (/^\d+$/.test(text) ? null : 'It is a whole number.')

export const FIELDS: FilterField[] = [
  {
    name: 'state',
    label: 'State',
    choices: ['successful', 'failed', 'scheduled', 'queued', 'held', 'cancelled', 'discarded'].map(word),
  },
  {
    name: 'discarded',
    label: 'Discarded as',
    choices: ['filtered', 'duplicate', 'stale', 'transform_error'].map(word),
  },
  {
    name: 'last_status',
    label: 'Last status',
    placeholder: '503, or 5xx',
    check: (text) =>
      /^[1-5](\d\d|xx)$/.test(text) ? null : 'It is a status such as 503, or a class such as 5xx.',
  },
  {
    name: 'last_error',
    label: 'Last error',
    choices: [
      'dns',
      'address_refused',
      'connect',
      'tls',
      'reset',
      'timeout',
      'protocol',
      'request',
      'token',
      'nacked',
      'lease_expired',
    ].map(word),
  },
  { name: 'attempts_min', label: 'Attempts, at least', placeholder: '1', check: number },
  { name: 'attempts_max', label: 'Attempts, at most', placeholder: '10', check: number },
  TOPIC,
  PROVIDER_EVENT_ID,
  { name: 'request_id', label: 'Request', placeholder: 'req_…' },
  MATCH,
]

export const PRESETS: View[] = [
  { name: 'All events', search: {} },
  { name: 'Failed', search: { state: 'failed' } },
  { name: 'Waiting for another try', search: { state: 'scheduled' } },
  { name: 'Held', search: { state: 'held' } },
  { name: 'Discarded', search: { state: 'discarded' } },
  { name: 'Server errors', search: { last_status: '5xx' } },
  { name: 'Timeouts', search: { last_error: 'timeout' } },
]

const EQUAL = [
  'source_id',
  'connection_id',
  'destination_id',
  'request_id',
  'state',
  'discarded',
  'last_error',
  'topic',
] as const

/** Whether a row of the stream is one of the list. */
export function fits(row: EventRow, filters: Query): boolean {
  if (!hasAll(row, filters, EQUAL)) return false
  const { last_status: status, attempts_min: min, attempts_max: max } = filters
  if (typeof status === 'string' && !statusFits(status, row.last_status)) return false
  return (!min || row.attempts >= Number(min)) && (!max || row.attempts <= Number(max))
}

function statusFits(wanted: string, status: number | null): boolean {
  if (status === null) return false
  return wanted.endsWith('xx') ? String(status).startsWith(wanted.charAt(0)) : String(status) === wanted
}
