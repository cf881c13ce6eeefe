// What the URL of this page holds.
import { texts } from '@/url'

export function connectionsSearch(search: Record<string, unknown>) {
  return texts(search, ['tab', 'source_id', 'destination_id', 'new'])
}
