// What the URL of this page holds.
import { texts } from '@/url'

export function requestsSearch(search: Record<string, unknown>) {
  return texts(search, ['status'])
}
