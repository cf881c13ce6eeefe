// What the URL of this page holds.
import { texts } from '@/url'

export function issuesSearch(search: Record<string, unknown>) {
  return texts(search, ['state', 'kind', 'connection_id', 'source_id', 'destination_id', 'issue'])
}
