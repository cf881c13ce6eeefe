// What the URL of this page holds.
import { oneOf, texts } from '@/url'

export const TABS = ['keys', 'alerts', 'audit', 'effective'] as const

type SettingsSearch = Partial<
  Record<'action' | 'actor_type' | 'actor_id' | 'resource_type' | 'resource_id' | 'q', string>
> & {
  tab?: (typeof TABS)[number] | undefined
}

export function settingsSearch(search: Record<string, unknown>): SettingsSearch {
  return {
    ...texts(search, ['action', 'actor_type', 'actor_id', 'resource_type', 'resource_id', 'q']),
    tab: oneOf(search.tab, TABS),
  }
}
