// A connection while it is being written: what stands in the fields, which may be unfinished, and how that becomes what the
// API takes.
import type { Connection, Retry, Rule } from '@/api/types'
import { DEFAULT_RETRY } from '../ruleWords'

export type Variable = {
  name: string
  /** `null` is one that is stored: it is never shown, and stays unless it is written anew. */
  value: string | null
}

export type DraftRule = { key: string } & (
  | { type: 'filter'; text: string }
  | { type: 'deduplicate'; window_ms: number | null; fields: string[] }
  | { type: 'stale'; older_than_ms: number | null; latest: { fields: string[]; time: string } | null }
  | { type: 'delay'; by: 'for' | 'until'; for_ms: number | null; until: string }
  | { type: 'transform'; code: string; env: Variable[] }
)
export type RuleOf<T extends DraftRule['type']> = Extract<DraftRule, { type: T }>

export type Draft = {
  name: string
  source_id: string | null
  destination_id: string | null
  rules: DraftRule[]
  order: Connection['order']
  retry: Retry
  /** Of a new one; one that is there has a button. */
  enabled?: boolean
}

const FIRST_CODE = `addHandler("transform", (request, context) => {
  // Change request.headers, request.body, request.query or request.path here.
  return request;
});
`

let next = 0
const newKey = () => `rule-${next++}`

export function newRule(type: DraftRule['type']): DraftRule {
  const key = newKey()
  switch (type) {
    case 'filter':
      return { key, type, text: '{\n  "body": {}\n}' }
    case 'deduplicate':
      return { key, type, window_ms: 86_400_000, fields: [] }
    case 'stale':
      return { key, type, older_than_ms: 3_600_000, latest: null }
    case 'delay':
      return { key, type, by: 'for', for_ms: 60_000, until: '' }
    case 'transform':
      return { key, type, code: FIRST_CODE, env: [] }
  }
}

function ruleFrom(rule: Rule): DraftRule {
  const key = newKey()
  switch (rule.type) {
    case 'filter':
      return { key, type: rule.type, text: JSON.stringify({ ...rule, type: undefined }, null, 2) }
    case 'deduplicate':
      return { key, type: rule.type, window_ms: rule.window_ms, fields: rule.fields ?? [] }
    case 'stale':
      return {
        key,
        type: rule.type,
        older_than_ms: 'older_than_ms' in rule ? rule.older_than_ms : null,
        latest: rule.latest ? { fields: rule.latest.fields, time: rule.latest.time ?? '' } : null,
      }
    case 'delay':
      return 'until' in rule
        ? { key, type: rule.type, by: 'until', for_ms: null, until: rule.until }
        : { key, type: rule.type, by: 'for', for_ms: rule.for_ms, until: '' }
    case 'transform':
      return {
        key,
        type: rule.type,
        code: rule.code,
        env: Object.keys(rule.env ?? {}).map((name) => ({ name, value: null })),
      }
  }
}

export function draftFrom(connection: Connection): Draft {
  return {
    name: connection.name,
    source_id: connection.source_id,
    destination_id: connection.destination_id,
    rules: connection.rules.map(ruleFrom),
    order: connection.order,
    retry: connection.retry,
  }
}

export function emptyDraft(source_id?: string, destination_id?: string): Draft {
  return {
    name: '',
    source_id: source_id ?? null,
    destination_id: destination_id ?? null,
    rules: [],
    order: null,
    retry: DEFAULT_RETRY,
    enabled: true,
  }
}

/** The condition that stands in the text of a filter, or why it is none. */
export function condition(text: string): { ok: Record<string, unknown> } | { error: string } {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return { error: 'A filter is a JSON object: {"body": {"type": "order.paid"}}.' }
    return { ok: value as Record<string, unknown> }
  } catch (error) {
    return { error: `This is not JSON yet: ${error instanceof Error ? error.message : String(error)}` }
  }
}

const filled = (fields: string[]) => fields.map((field) => field.trim()).filter(Boolean)

/** A rule as the API takes it. An unfinished one goes there as far as it is, and the answer says what it lacks. */
export function ruleBody(rule: DraftRule): Record<string, unknown> {
  switch (rule.type) {
    case 'filter': {
      const read = condition(rule.text)
      return { type: rule.type, ...('ok' in read ? read.ok : {}) }
    }
    case 'deduplicate': {
      const fields = filled(rule.fields)
      return { type: rule.type, window_ms: rule.window_ms, ...(fields.length > 0 && { fields }) }
    }
    case 'stale':
      return {
        type: rule.type,
        ...(rule.older_than_ms !== null && { older_than_ms: rule.older_than_ms }),
        ...(rule.latest && {
          latest: {
            fields: filled(rule.latest.fields),
            ...(rule.latest.time.trim() && { time: rule.latest.time.trim() }),
          },
        }),
      }
    case 'delay':
      return rule.by === 'for'
        ? { type: rule.type, for_ms: rule.for_ms }
        : { type: rule.type, until: rule.until.trim() }
    case 'transform': {
      const env = Object.fromEntries(
        rule.env.filter(({ name }) => name !== '').map(({ name, value }) => [name, value]),
      )
      return { type: rule.type, code: rule.code, ...(rule.env.length > 0 && { env }) }
    }
  }
}

export function draftBody(draft: Draft): Record<string, unknown> {
  const { order } = draft
  return {
    name: draft.name.trim(),
    source_id: draft.source_id,
    destination_id: draft.destination_id,
    rules: draft.rules.map(ruleBody),
    order: order?.by === 'key' ? { by: 'key', fields: filled(order.fields) } : order,
    retry: draft.retry,
    ...(draft.enabled !== undefined && { enabled: draft.enabled }),
  }
}

/** What keeps it from being saved, by the place where that stands; what the gateway alone can tell is not among it. */
export function whatIsMissing(draft: Draft): Record<string, string> {
  const missing: Record<string, string> = {}
  if (!draft.source_id) missing.source_id = 'Choose where its events come from.'
  if (!draft.destination_id) missing.destination_id = 'Choose where its events go.'
  if (!draft.name.trim()) missing.name = 'Give it a name.'
  draft.rules.forEach((rule, at) => {
    if (rule.type === 'filter') {
      const read = condition(rule.text)
      if ('error' in read) missing[`rules[${at}]`] = read.error
    }
    if (rule.type === 'stale' && rule.older_than_ms === null && rule.latest === null)
      missing[`rules[${at}]`] = 'Say how old is too old, or what is out of date.'
  })
  return missing
}

/** The index of the rule that a problem's field, such as `rules[2].fields`, is about. */
export function ruleOf(field: string | null): number | null {
  const found = /^rules\[(\d+)\]/.exec(field ?? '')
  return found ? Number(found[1]) : null
}
