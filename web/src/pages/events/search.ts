// What the URL of this page holds.
import { texts } from '@/url'

export function eventsSearch(search: Record<string, unknown>) {
  return texts(search, ['state'])
}
