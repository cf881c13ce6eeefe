// What the URL of this page holds.
import { texts } from '@/url'

export function metricsSearch(search: Record<string, unknown>) {
  return texts(search, ['from', 'to', 'source_id', 'connection_id', 'destination_id'])
}
