// What the URL of this page holds.
import { oneOf, texts } from '@/url'

export const TABS = ['overview', 'edit', 'executions'] as const

type ConnectionsSearch = Partial<Record<'q' | 'source_id' | 'destination_id' | 'new' | 'sample', string>> & {
  tab?: (typeof TABS)[number] | undefined
  /** Only what does not run as it should. */
  show?: 'trouble' | undefined
  /** Whether the connections of a source are drawn as one line; otherwise where there are many. */
  fold?: 'all' | 'none' | undefined
}

export function connectionsSearch(search: Record<string, unknown>): ConnectionsSearch {
  return {
    ...texts(search, ['q', 'source_id', 'destination_id', 'new', 'sample']),
    tab: oneOf(search.tab, TABS),
    show: oneOf(search.show, ['trouble'] as const),
    fold: oneOf(search.fold, ['all', 'none'] as const),
  }
}
