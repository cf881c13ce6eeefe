// Changing what is configured, for every page: a change is made only where the thing still is what the person has seen. Where
// it is not, the person is asked (`shell/ConflictDialog.tsx`), and nothing of what was typed is lost.
//
// What was seen is told by `updated_at`, which lists show too. The thing is read right before, so its `ETag` is there also for
// what came from a list, and what changes by itself, such as a secret that ends, is no conflict.
import { call, tagged, type Query } from './client'
import { isCode } from './problem'
import { queryClient } from './queries'
import type { Alert, ApiKey, Connection, Destination, Source } from './types'

type Things = {
  sources: Source
  destinations: Destination
  connections: Connection
  alerts: Alert
  api_keys: ApiKey
}
export type Resource = keyof Things

/** How it ended: made, with what the gateway answered, or not, as the person decided; `newer` is to be shown instead. */
export type Outcome<T, R = T> = { made: true; answer: R } | { made: false; newer: T | null }

type Options = {
  /** What is done, where it is no PATCH: `pause`, `rotate`. */
  action?: string
  method?: 'DELETE'
  body?: unknown
  query?: Query
  /** Something was typed that the newer one would replace. */
  typed?: boolean
}

export type Decision = 'overwrite' | 'load' | 'leave'
/** What the person is asked about. */
export type Conflict = {
  seen: Things[Resource]
  newest: Things[Resource]
  typed: boolean
  decide: (decision: Decision) => void
}

let conflict: Conflict | null = null
const listeners = new Set<() => void>()

function show(next: Conflict | null) {
  conflict = next
  for (const listener of listeners) listener()
}

export const conflictStore = {
  get: () => conflict,
  subscribe: (listener: () => void) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
}

function ask(seen: Things[Resource], newest: Things[Resource], typed: boolean): Promise<Decision> {
  return new Promise((resolve) =>
    show({
      seen,
      newest,
      typed,
      decide: (decision) => {
        show(null)
        resolve(decision)
      },
    }),
  )
}

/** Which state of a thing followed on which by a change of this page: nobody has to be asked about that. */
const followed = new Map<string, string>()

export async function change<K extends Resource, R = Things[K]>(
  resource: K,
  seen: Things[K],
  { action, method, body, query, typed = false }: Options,
): Promise<Outcome<Things[K], R>> {
  const path = `/${resource}/${encodeURIComponent(seen.id)}`
  let known = seen.updated_at
  for (let next; (next = followed.get(seen.id + known)) !== undefined;) known = next
  for (;;) {
    const { body: newest, tag } = await tagged<Things[K]>('GET', path)
    if (newest.updated_at !== known) {
      const decision = await ask(seen, newest, typed)
      if (decision !== 'overwrite') {
        await queryClient.invalidateQueries({ queryKey: [resource] })
        return { made: false, newer: decision === 'load' ? newest : null }
      }
      known = newest.updated_at
    }
    try {
      const answer = await call<R>(
        method ?? (action ? 'POST' : 'PATCH'),
        action ? `${path}/${action}` : path,
        {
          body,
          ...(query && { query }),
          ...(tag && { headers: { 'If-Match': tag } }),
        },
      )
      const now = (answer as { updated_at?: string } | undefined)?.updated_at
      if (now !== undefined && now !== known) followed.set(seen.id + known, now)
      return { made: true, answer }
    } catch (error) {
      // Somebody was faster by a moment: it is looked at once more.
      if (!isCode(error, 'precondition_failed')) throw error
    }
  }
}
