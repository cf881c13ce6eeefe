// What the URL of this page holds.
import { texts } from '@/url'

export function settingsSearch(search: Record<string, unknown>) {
  return texts(search, ['tab', 'action', 'actor_id', 'resource_type'])
}
