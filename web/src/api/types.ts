// What the API answers, as docs/api.md describes it. Only what pages read is listed.

export type Page<T> = { data: T[]; next: string | null; progress?: Progress | null }

/** How far a list that has to look at each row has come. */
export type Progress = { searched: number; searched_to: string | null; complete: boolean }

export type Scope = 'read' | 'operate' | 'admin'
export type Session = {
  login_required: boolean
  scope: Scope | null
  actor: { type: 'local' | 'admin_key' | 'api_key'; id: string | null; name: string } | null
  expires_at: string | null
}

export type ManagedBy = 'api' | 'file'
export type SecretHint = { hint: string; public_key?: string; ends_at?: string }

export type Source = {
  id: string
  name: string
  token: string
  url: string
  public_url: string | null
  provider: string
  secrets: SecretHint[]
  settings: Record<string, unknown>
  methods: string[]
  answer: { status: number; content_type: string | null; body: string } | null
  managed_by: ManagedBy
  created_at: string
  updated_at: string
}

export type Sample = {
  method: string
  url: string
  headers: [string, string][]
  body: string | null
  body_base64: string | null
  curl: string
  sent: { status: number; request_id: string | null; answer: string } | null
}

export type Rate = { limit: number; per: 'second' | 'minute' | 'hour'; burst: number }
export type Breaker = {
  enabled: boolean
  consecutive_failures: number
  error_percent: number
  window_ms: number
  attempts_min: number
  probe_first_ms: number
  probe_max_ms: number
}
export type Destination = {
  id: string
  name: string
  type: 'http' | 'pull'
  url?: string
  append_path?: boolean
  timeout_ms?: number
  lease_ms?: number
  concurrency: number
  http_version?: 'auto' | '1.1' | '2'
  rate: Rate | null
  breaker?: Breaker
  slow_start?: boolean
  disable_after_ms: number
  paused_at: string | null
  failing_since: string | null
  lane: {
    breaker: 'closed' | 'open' | 'half_open'
    breaker_open_since: string | null
    next_probe_at: string | null
    slowed_to: number | null
  }
  auth?: ({ kind: string } & Record<string, unknown>) | null
  signing_secrets: SecretHint[]
  signing_secrets_generated?: string[]
  managed_by: ManagedBy
  created_at: string
  updated_at: string
}

export type Rule = { type: 'filter' | 'deduplicate' | 'stale' | 'delay' | 'transform' } & Record<
  string,
  unknown
>
export type Retry = {
  retry_on: string[]
  give_up_on: string[]
  max_age_ms: number | null
} & (
  | { schedule: 'exponential'; first_ms: number; factor_percent: number; max_ms: number; retries: number }
  | { schedule: 'linear'; first_ms: number; step_ms: number; max_ms: number; retries: number }
  | { schedule: 'custom'; waits_ms: number[] }
)
export type Connection = {
  id: string
  name: string
  source_id: string
  destination_id: string
  rules: Rule[]
  order: null | { by: 'destination' } | { by: 'key'; fields: string[] }
  retry: Retry
  enabled: boolean
  disabled: { cause: string; at: string } | null
  managed_by: ManagedBy
  created_at: string
  updated_at: string
}

export type Provider = {
  name: string
  title: string
  category: string
  kinds: string[]
  handshakes: string[]
  confidence: 'high' | 'medium' | 'low'
  secrets_required: boolean
  settings: ProviderSetting[]
}
export type ProviderSetting = {
  name: string
  required: boolean
  secret: boolean
  default: string | null
  values: string[]
  meaning: string
}
export type ProviderDetail = Provider & {
  docs: string | null
  note: string | null
  secret: { called: string | null; found: string | null; public: boolean; captured: boolean } | null
  schemes: { name: string; meaning: string; kind: string; how: string }[]
  handshake: { name: string; how: string }[]
  answer: {
    status: number | null
    body: string | null
    refused_status: number | null
    retries: string | null
  } | null
}

export type RequestStatus = 'accepted' | 'pending' | 'handshake' | 'rejected'
export type Verification = 'verified' | 'pending' | 'rejected' | 'none' | null
export type RequestRow = {
  id: string
  source_id: string | null
  received_at: string
  status: RequestStatus
  cause: string | null
  verification: Verification
  late: boolean
  provider_event_id: string | null
  topic: string | null
  provider_time: string | null
  method: string
  target: string
  body_bytes: number
  events: number | null
}
export type HeaderValue = string | { base64: string }
export type Headers = [string, HeaderValue][]
export type Body = { size: number | null; text?: string; base64?: string; truncated: boolean }
export type Diagnosis = { check: string; reason: string; suggestion: string | null }
export type RequestDetail = Omit<RequestRow, 'body_bytes' | 'events'> & {
  remote: string | null
  detail: string | null
  diagnosis: Diagnosis | null
  headers: Headers
  body: Body
  events: Page<EventRow>
}

export type EventState = 'scheduled' | 'queued' | 'held' | 'successful' | 'failed' | 'cancelled' | 'discarded'
export type EventRow = {
  id: string
  request_id: string
  connection_id: string
  source_id: string
  destination_id: string
  state: EventState
  held_by: 'connection_disabled' | 'destination_paused' | 'breaker_open' | null
  discarded: 'filtered' | 'duplicate' | 'stale' | 'transform_error' | null
  due_at: string | null
  attempts: number
  last_status: number | null
  last_error: string | null
  last_attempt_at: string | null
  /** Of the request. */
  received_at?: string
  topic?: string | null
}
export type Execution = {
  console: { level: string; text: string }[]
  console_dropped: number
  cpu_us: number
  failure?: { kind: string; message: string; line: number | null; column: number | null } | null
}
export type RuleOutcome = { type: string; detail: string | null; execution?: Execution | null }
export type EventDetail = EventRow & {
  duplicate_of: string | null
  superseded_by: string | null
  revision: { key: string; time: string } | null
  order_key: string | null
  rules: RuleOutcome[]
  transformed: { path: string; query?: string; headers: Headers; body: Body } | null
}

export type Attempt = {
  id: string
  event_id: string
  destination_id: string
  number: number
  trigger: 'initial' | 'retry' | 'manual'
  started_at: string
  duration_ms: number
  successful: boolean
  status: number | null
  error: string | null
  error_detail: string | null
  event_state: EventState
  next_attempt_at: string | null
}
export type AttemptDetail = Attempt & { response: { status: number; headers: Headers; body: Body } | null }

export type BulkAction = 'retry' | 'cancel' | 'replay'
export type EventQuery = Record<string, string>
export type BulkPlan = {
  action: BulkAction
  query: EventQuery
  include_successful: boolean
  up_to: string | null
  matched: number
  to_do: number
  exact: boolean
  states: Partial<Record<EventState, number>>
  left_out: Record<string, number>
  sample: EventRow[]
}
export type BulkOperation = {
  id: string
  action: BulkAction
  query: EventQuery
  include_successful: boolean
  up_to: string | null
  rate_per_s: number
  state: 'running' | 'finished' | 'cancelled'
  stalled: string | null
  matched: number
  to_do: number
  exact: boolean
  done: number
  left_out: Record<string, number>
  failed: Record<string, number>
  started_at: string
  ended_at: string | null
}

export type IssueKind = 'delivery' | 'transform' | 'rejected' | 'backpressure' | 'disabled'
export type IssueState = 'open' | 'acknowledged' | 'resolved'
export type Issue = {
  id: string
  kind: IssueKind
  cause: string
  state: IssueState
  connection_id: string | null
  source_id: string | null
  destination_id: string | null
  count: number
  reopened: number
  first_seen_at: string
  last_seen_at: string
  sample_request_id: string | null
  sample_event_id: string | null
  acknowledged_at: string | null
  resolved_at: string | null
  resolved_by: 'itself' | 'person' | null
}

export type Bookmark = {
  id: string
  name: string
  note: string | null
  request_id: string
  event_id: string | null
  source_id: string
  created_at: string
  method: string
  topic: string | null
  body_bytes: number
}

export type Histogram = {
  from: string
  to: string
  bucket_ms: number
  buckets: { at: string; count: number; by: Record<string, number> }[]
  complete: boolean
}
