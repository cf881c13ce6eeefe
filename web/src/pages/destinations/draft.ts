// A destination while it is being written, and how that becomes what the API takes.
import type { Breaker, Destination, Rate } from '@/api/types'
import { AUTH, type AuthKind } from './auth'

export type AuthDraft = { kind: AuthKind | 'none'; settings: Record<string, string> }
export type Draft = {
  type: 'http' | 'pull'
  name: string
  url: string
  append_path: boolean
  timeout_ms: number
  lease_ms: number
  http_version: 'auto' | '1.1' | '2'
  concurrency: number
  rate: Rate | null
  breaker: Breaker
  slow_start: boolean
  disable_after_ms: number
  auth: AuthDraft
  /** Of a new one, a secret in each line; with none one is made. One that is there is rotated. */
  signing_secrets: string
  /** Of a new one: events wait until it is resumed. */
  paused: boolean
}

const BREAKER: Breaker = {
  enabled: true,
  consecutive_failures: 20,
  error_percent: 80,
  window_ms: 60_000,
  attempts_min: 100,
  probe_first_ms: 1_000,
  probe_max_ms: 30_000,
}

export function emptyDraft(): Draft {
  return {
    type: 'http',
    name: '',
    url: '',
    append_path: false,
    timeout_ms: 30_000,
    lease_ms: 30_000,
    http_version: 'auto',
    concurrency: 16,
    rate: null,
    breaker: BREAKER,
    slow_start: true,
    disable_after_ms: 432_000_000,
    auth: { kind: 'none', settings: {} },
    signing_secrets: '',
    paused: false,
  }
}

export function draftFrom(destination: Destination): Draft {
  const empty = emptyDraft()
  const { kind, ...shown } = destination.auth ?? { kind: 'none' }
  return {
    ...empty,
    type: destination.type,
    name: destination.name,
    url: destination.url ?? '',
    append_path: destination.append_path ?? false,
    timeout_ms: destination.timeout_ms ?? empty.timeout_ms,
    lease_ms: destination.lease_ms ?? empty.lease_ms,
    http_version: destination.http_version ?? 'auto',
    concurrency: destination.concurrency,
    rate: destination.rate,
    breaker: destination.breaker ?? BREAKER,
    slow_start: destination.slow_start ?? true,
    disable_after_ms: destination.disable_after_ms,
    auth: {
      kind: kind in AUTH ? (kind as AuthKind) : 'none',
      settings: Object.fromEntries(
        Object.entries(shown).map(([name, value]) => [name, typeof value === 'string' ? value : '']),
      ),
    },
  }
}

/** All that is sent; of an authentication that is stored, secrets only where they were written anew. */
export function draftBody(draft: Draft, before: Destination | null): Record<string, unknown> {
  const { type, name, concurrency, rate, disable_after_ms } = draft
  const signing_secrets = draft.signing_secrets.split(/\s+/).filter(Boolean)
  const both = {
    name: name.trim(),
    concurrency,
    rate,
    disable_after_ms,
    ...(!before && { type, paused: draft.paused, ...(signing_secrets.length > 0 && { signing_secrets }) }),
  }
  if (type === 'pull') return { ...both, lease_ms: draft.lease_ms }
  return {
    ...both,
    url: draft.url.trim(),
    append_path: draft.append_path,
    timeout_ms: draft.timeout_ms,
    http_version: draft.http_version,
    breaker: draft.breaker,
    slow_start: draft.slow_start,
    auth: authBody(draft.auth, before),
  }
}

function authBody(auth: AuthDraft, before: Destination | null): Record<string, unknown> | null {
  if (auth.kind === 'none') return null
  const same = before?.auth?.kind === auth.kind
  const settings: Record<string, string | null> = {}
  for (const setting of AUTH[auth.kind].settings) {
    const value = auth.settings[setting.name] ?? ''
    if (value !== '') settings[setting.name] = value
    // Emptied: back to its default. A secret that is empty was not touched.
    else if (same && !setting.secret && before.auth?.[setting.name]) settings[setting.name] = null
  }
  return { kind: auth.kind, ...settings }
}
