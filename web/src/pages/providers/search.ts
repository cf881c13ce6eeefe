// What the URL of this page holds.
import { texts } from '@/url'

export function providersSearch(search: Record<string, unknown>) {
  return texts(search, ['search', 'category', 'provider'])
}
