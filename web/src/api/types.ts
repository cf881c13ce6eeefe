// What the API answers. The types are those of its description, docs/openapi.json, from which `npm run api` makes schema.d.ts;
// here they get the names that pages know them by.
import type { components } from './schema'

type Schemas = components['schemas']

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

export type ManagedBy = Schemas['ManagedBy']
export type SecretHint = Schemas['SigningSecret']
export type Source = Schemas['Source']
export type Rate = Schemas['Rate']
export type Breaker = Schemas['Breaker']
export type Destination = Schemas['Destination']
/** A rule with whatever its kind has; `ruleWords.ts` and the editors know which that is. */
export type Rule = { type: 'filter' | 'deduplicate' | 'stale' | 'delay' | 'transform' } & Record<
  string,
  unknown
>
/** The schedule says which of the fields are there, which the description does not. */
export type Retry = {
  retry_on: string[]
  give_up_on: string[]
  max_age_ms: number | null
} & (
  | { schedule: 'exponential'; first_ms: number; factor_percent: number; max_ms: number; retries: number }
  | { schedule: 'linear'; first_ms: number; step_ms: number; max_ms: number; retries: number }
  | { schedule: 'custom'; waits_ms: number[] }
)
export type Connection = Omit<Schemas['Connection'], 'rules' | 'retry'> & { rules: Rule[]; retry: Retry }
export type Provider = Schemas['ProviderSummary']
export type ProviderSetting = Schemas['ProviderSetting']
export type ProviderDetail = Schemas['Provider']
export type RequestStatus = Schemas['RequestStatus']
export type RequestRow = Schemas['RequestSummary']
export type Body = Schemas['Payload']
export type Diagnosis = Schemas['Diagnosis']
export type RequestDetail = Schemas['Request']
export type EventState = Schemas['EventState']
export type EventRow = Schemas['Event'] & {
  /** Of the request. */
  received_at?: string
  topic?: string | null
}
export type Execution = Schemas['Execution']
export type RuleOutcome = Schemas['Step']
export type EventDetail = Schemas['EventDetails'] & Pick<EventRow, 'received_at' | 'topic'>
export type Attempt = Schemas['AttemptSummary']
export type AttemptDetail = Schemas['Attempt']
export type BulkAction = Schemas['BulkAction']
export type BulkPlan = Schemas['BulkPlan']
export type BulkOperation = Schemas['BulkOperation']
export type IssueKind = Schemas['IssueKind']
export type IssueState = Schemas['IssueState']
export type Issue = Schemas['Issue']
export type Verification = Schemas['VerificationState'] | null
export type Headers = RequestDetail['headers']
export type HeaderValue = Headers[number][1]

export type Sample = {
  method: string
  url: string
  headers: [string, string][]
  body: string | null
  body_base64: string | null
  curl: string
  sent: { status: number; request_id: string | null; answer: string } | null
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
