// What the URL of the console holds: whose requests, which of them is open, and on which tab.
import { texts } from '@/url'

export function consoleSearch(search: Record<string, unknown>) {
  return texts(search, ['source', 'request', 'tab'])
}
