// The filters of a list: what there is to filter by, and what was chosen.
import type { Query } from '@/api/client'
import type { Choice } from '@/ui/Listbox'

export type FilterField = {
  name: string
  label: string
  /** What it can be; without them it is text. */
  choices?: Choice[]
  placeholder?: string
  help?: string
  /** What is wrong with a text, where something is. */
  check?: (text: string) => string | null
  /** How a value is shown in its chip. */
  show?: (value: string) => string
  multiline?: boolean
}

export type FilterValues = Record<string, string | undefined>

/** A filter on values in the request, as the gateway's own language has them, in JSON. */
export function checkMatch(text: string): string | null {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return null
    return 'It is a JSON object, such as {"body": {"type": "invoice.paid"}}.'
  } catch (error) {
    return error instanceof Error ? error.message : 'It is not JSON.'
  }
}

/** `match` with one more value that has to be there. */
export function addToMatch(match: string | undefined, place: (string | number)[], value: unknown): string {
  const root: Record<string, unknown> = match ? (JSON.parse(match) as Record<string, unknown>) : {}
  let at = root
  const path = ['body', ...place.map(String)]
  for (const part of path.slice(0, -1)) {
    const next = at[part]
    at[part] = typeof next === 'object' && next !== null && !Array.isArray(next) ? { ...next } : {}
    at = at[part] as Record<string, unknown>
  }
  at[path.at(-1) ?? 'body'] = value
  return JSON.stringify(root)
}

/** A time range that moves with the clock, in milliseconds. */
export const RANGES: Record<string, { label: string; ms: number }> = {
  '15m': { label: 'Last 15 minutes', ms: 15 * 60_000 },
  '1h': { label: 'Last hour', ms: 3_600_000 },
  '6h': { label: 'Last 6 hours', ms: 6 * 3_600_000 },
  '24h': { label: 'Last 24 hours', ms: 86_400_000 },
  '7d': { label: 'Last 7 days', ms: 7 * 86_400_000 },
  '30d': { label: 'Last 30 days', ms: 30 * 86_400_000 },
}

/** The start of a range, on a grid of a sixtieth of it, so that a page that is looked at asks for the same again. */
export function rangeStart(range: string, now: number): string | undefined {
  const found = RANGES[range]
  if (!found) return undefined
  const step = found.ms / 60
  return new Date(Math.floor((now - found.ms) / step) * step).toISOString()
}

/** Whether a row has each of these values, where one is asked for. */
export function hasAll<T>(row: T, filters: Query, names: readonly (keyof T & string)[]): boolean {
  return names.every((name) => !filters[name] || row[name] === filters[name])
}
