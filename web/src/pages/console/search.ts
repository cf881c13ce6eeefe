// What the URL of this page holds.
import { texts } from '@/url'

export function consoleSearch(search: Record<string, unknown>) {
  return texts(search, ['source', 'request', 'tab'])
}
