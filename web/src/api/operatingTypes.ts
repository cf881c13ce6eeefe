// What the API answers about how it runs and who may use it, as docs/api.md describes it: lanes, metrics, alerts, keys, the
// audit log, settings, and runs of transformations. Only what pages read is listed.
import type { IssueKind, ManagedBy, Rate, Scope } from './types'

export type LaneState = 'running' | 'paused' | 'breaker_open' | 'probing' | 'idle'
export type Lane = {
  destination_id: string
  state: LaneState
  in_flight: number
  concurrency: number
  /** How many attempts may run at the same time now; below `concurrency` while slow start lasts. */
  width: number
  queued_in_memory: number
  undelivered: number
  oldest_undelivered_ms: number | null
  rate: Rate | null
  next_at: string | null
  breaker: {
    opened_at: string | null
    probe_at: string | null
    failures: number
    error_rate: number | null
  } | null
  paused_at: string | null
}

export type Percentiles = { p50: number; p95: number; p99: number }
export type Current = {
  at: string
  window_ms: number
  sources: Record<string, { requests: number; rejected: number }>
  connections: Record<
    string,
    { events: number; discarded: number; successful: number; failed: number; undelivered: number }
  >
  destinations: Record<string, { successful: number; failed: number; attempt_ms: Percentiles | null }>
  disk: { used_bytes: number; free_bytes: number | null }
}

export type Point = {
  at: string
  requests_accepted: number
  requests_rejected: number
  events: number
  discarded: number
  attempts_successful: number
  attempts_failed: number
  delivery_ms: Percentiles | null
  attempt_ms: Percentiles | null
  undelivered: number | null
  oldest_undelivered_ms: number | null
  disk_bytes: number | null
}
export type Series = { from: string; to: string; step_ms: number; points: Point[] }

export type ConsoleLine = { level: string; text: string }
export type RunFailure = { kind: string; message: string; line: number | null; column: number | null }
export type RunRequest = {
  path: string
  query: string
  headers: [string, string][]
  body: string | null
  body_base64: string | null
  body_changed: boolean
}
export type Run = {
  request: RunRequest | null
  failure: RunFailure | null
  console: ConsoleLine[]
  console_dropped: number
  cpu_us: number
}
export type ExecutionRow = {
  event_id: string
  connection_id: string
  at: string
  cpu_us: number
  console: ConsoleLine[]
  console_dropped: number
  failure: string | null
}
export type FilterRun = { passes: boolean; why: string | null }

export type Channel =
  | { type: 'webhook'; url: string; secret: { hint: string }; secret_generated?: string }
  | { type: 'slack'; url: { hint: string } | string }
  | ({ type: 'email'; host: string; from: string; to: string[] } & Record<string, unknown>)
export type Alert = {
  id: string
  name: string
  on: IssueKind[]
  connection_ids: string[]
  resolutions: boolean
  interval_ms: number
  enabled: boolean
  channel: Channel
  last_sent_at: string | null
  last_error: { at: string; detail: string } | null
  managed_by: ManagedBy
  created_at: string
  updated_at: string
}
export type AlertTest = { sent: boolean; status: number | null; error: string | null }

export type ApiKey = {
  id: string
  name: string
  scope: Scope
  hint: string
  created_at: string
  expires_at: string | null
  last_used_at: string | null
  previous_valid_until: string | null
  /** Only in the answer that made it. */
  key_generated?: string
}

export type AuditEntry = {
  id: string
  at: string
  actor: { type: string; id: string | null; name: string | null }
  remote: string | null
  action: string
  resource_type: string
  resource_id: string | null
  changes: { field: string; from: unknown; to: unknown }[]
}

export type Setting = {
  section: string
  name: string
  value: unknown
  default: unknown
  is_default: boolean
}
export type Settings = {
  version: string
  started_at: string
  data_directory: string
  public_url: string | null
  settings: Setting[]
}
