// What the URL of this page holds.
import { texts } from '@/url'

export function destinationsSearch(search: Record<string, unknown>) {
  return texts(search, ['tab', 'new'])
}
