// What the API answers. The types are those of its description, docs/openapi.json, from which `npm run api` makes schema.d.ts;
// here they get the names that pages know them by.
import type { components } from './schema'

type Schemas = components['schemas']

/** A page of any list; of those that search history it says how far it came. */
export type Page<T> = { data: T[]; next: string | null; progress?: Progress | null }
export type Progress = Schemas['SearchProgress']

export type Scope = Schemas['Scope']
export type Session = Schemas['Session']

export type Source = Schemas['Source']
export type Rate = Schemas['Rate']
export type Breaker = Schemas['Breaker']
export type Destination = Schemas['Destination']
export type Rule = Schemas['Rule']
/** The schedule says which of the fields are there, which the description does not. */
export type Retry = Pick<Schemas['Retry'], 'retry_on' | 'give_up_on' | 'max_age_ms'> &
  (
    | Waits<'exponential', 'first_ms' | 'factor_percent' | 'max_ms' | 'retries'>
    | Waits<'linear', 'first_ms' | 'step_ms' | 'max_ms' | 'retries'>
    | Waits<'custom', 'waits_ms'>
  )
type Waits<S extends Schemas['Schedule'], F extends keyof Schemas['Retry']> = { schedule: S } & Required<
  Pick<Schemas['Retry'], F>
>
export type Connection = Omit<Schemas['Connection'], 'retry'> & { retry: Retry }
export type Provider = Schemas['ProviderSummary']
export type ProviderDetail = Schemas['Provider']
export type RequestStatus = Schemas['RequestStatus']
export type RequestRow = Schemas['RequestSummary']
export type Body = Schemas['Payload']
export type RequestDetail = Schemas['Request']
export type EventState = Schemas['EventState']
export type EventRow = Schemas['Event']
export type RuleOutcome = Schemas['Step']
export type EventDetail = Schemas['EventDetails']
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
export type Sample = Schemas['Sample']
export type Bookmark = Schemas['Bookmark']
export type Histogram = Schemas['Histogram']

export type Lane = Schemas['LaneHealth']
export type Current = Schemas['Current']
export type Point = Schemas['Point']
export type Series = Schemas['Series']
export type ConsoleLine = Schemas['ConsoleLine']
export type Run = Schemas['TransformationRun']
export type ExecutionRow = Schemas['TransformationExecution']
export type FilterRun = Schemas['FilterRun']
export type Alert = Schemas['Alert']
export type AlertTest = Schemas['Trial']
export type ApiKey = Schemas['ApiKey']
export type AuditEntry = Schemas['AuditEntry']
export type Change = Schemas['Change']
export type Setting = Schemas['Setting']
export type Settings = Schemas['Settings']
