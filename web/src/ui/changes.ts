// What is different between two states of something that is configured, field by field, as the audit log tells it.
import type { Change } from '@/api/types'

type Fields = Record<string, unknown>

/** What nobody changes by hand. */
const BY_ITSELF = ['updated_at', 'lane', 'failing_since', 'last_sent_at', 'last_error', 'last_used_at']

export function changesBetween(before: object, after: object): Change[] {
  const changes: Change[] = []
  compare(before as Fields, after as Fields, '', changes)
  return changes
}

function compare(before: Fields, after: Fields, path: string, changes: Change[]) {
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (path === '' && BY_ITSELF.includes(name)) continue
    const [from, to] = [before[name], after[name]]
    if (isFields(from) && isFields(to)) compare(from, to, `${path}${name}.`, changes)
    else if (JSON.stringify(from) !== JSON.stringify(to))
      changes.push({ field: path + name, from: from ?? null, to: to ?? null })
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A value in a line. */
export function written(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > 160 ? `${text.slice(0, 159)}…` : text
}

/** All of a value; of texts in it, such as code, each line is one. */
export function lines(value: unknown): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2).replaceAll('\\n', '\n')
}
