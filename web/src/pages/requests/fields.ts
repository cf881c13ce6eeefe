// What requests can be filtered by.
import type { Query } from '@/api/client'
import type { RequestRow, RequestStatus } from '@/api/types'
import { MATCH, PROVIDER_EVENT_ID, TOPIC } from '../history/fields'
import { hasAll, type FilterField } from '../history/filters'
import type { View } from '../history/views'

export const STATUSES: RequestStatus[] = ['accepted', 'handshake', 'pending', 'rejected']
const word = (value: string) => ({ value, label: value.replaceAll('_', ' ') })
export const FIELDS: FilterField[] = [
  { name: 'status', label: 'Status', choices: STATUSES.map(word) },
  {
    name: 'cause',
    label: 'Cause',
    choices: [
      'unknown_source',
      'method_not_allowed',
      'verification_failed',
      'body_too_large',
      'key_unavailable',
    ].map(word),
  },
  TOPIC,
  PROVIDER_EVENT_ID,
  { name: 'method', label: 'Method', choices: ['POST', 'PUT', 'GET', 'PATCH', 'DELETE', 'HEAD'].map(word) },
  MATCH,
]
export const PRESETS: View[] = [
  { name: 'All requests', search: {} },
  { name: 'Rejected', search: { status: 'rejected' } },
  { name: 'Failed verification', search: { cause: 'verification_failed' } },
  { name: 'Handshakes', search: { status: 'handshake' } },
]

/** Whether a row of the stream is one of the list. */
export function fits(row: RequestRow, filters: Query): boolean {
  return hasAll(row, filters, ['source_id', 'status', 'cause', 'method', 'topic', 'provider_event_id'])
}
