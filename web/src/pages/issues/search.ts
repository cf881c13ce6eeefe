// What the URL of this page holds.
import { oneOf, texts } from '@/url'
import type { IssueKind } from '@/api/types'

export const KINDS: IssueKind[] = ['delivery', 'transform', 'rejected', 'backpressure', 'disabled']
export const STATES = ['open', 'acknowledged', 'resolved', 'all'] as const

type IssuesSearch = Partial<Record<'connection_id' | 'source_id' | 'destination_id', string>> & {
  /** `open` where it is absent. */
  state?: (typeof STATES)[number] | undefined
  kind?: IssueKind | undefined
}

export function issuesSearch(search: Record<string, unknown>): IssuesSearch {
  return {
    ...texts(search, ['connection_id', 'source_id', 'destination_id']),
    state: oneOf(search.state, STATES),
    kind: oneOf(search.kind, KINDS),
  }
}
