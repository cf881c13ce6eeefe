// What the URL of this page holds.
import { oneOf, texts } from '@/url'

export const TABS = ['overview', 'settings', 'signing'] as const

type DestinationsSearch = Partial<Record<'q' | 'new', string>> & { tab?: (typeof TABS)[number] | undefined }

export function destinationsSearch(search: Record<string, unknown>): DestinationsSearch {
  return { ...texts(search, ['q', 'new']), tab: oneOf(search.tab, TABS) }
}
