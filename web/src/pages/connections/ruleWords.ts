// What rules, order and retries do, in words. The dashboard says the same of a rule wherever it shows one.
import type { Connection, Retry, Rule } from '@/api/types'
import type { IconName } from '@/ui/Icon'
import { duration, plural } from '@/ui/format'

export const RULES: Record<Rule['type'], { name: string; icon: IconName; meaning: string }> = {
  filter: { name: 'Filter', icon: 'filter', meaning: 'Only what meets a condition goes on.' },
  deduplicate: { name: 'Deduplicate', icon: 'copy', meaning: 'What came before is discarded.' },
  stale: { name: 'Stale', icon: 'cancel', meaning: 'What is out of date is discarded.' },
  delay: { name: 'Delay', icon: 'clock', meaning: 'It goes out later.' },
  transform: { name: 'Transform', icon: 'code', meaning: 'JavaScript changes what is delivered.' },
}

/** Of a rule that is being written, a time may be missing yet. */
const ms = (value: number | null): string => (value === null ? '…' : duration(value))

/** A rule in one line. */
export function ruleSummary(rule: Rule): string {
  switch (rule.type) {
    case 'filter':
      return filterSummary(rule)
    case 'deduplicate':
      return `once in ${ms(rule.window_ms)} by ${rule.fields?.join(', ') || "the provider's event id"}`
    case 'stale': {
      const parts = []
      if ('older_than_ms' in rule) parts.push(`older than ${ms(rule.older_than_ms)}`)
      if (rule.latest) parts.push(`only the latest of ${rule.latest.fields.join(', ') || '…'}`)
      return parts.join(', ') || 'nothing chosen yet'
    }
    case 'delay':
      return 'until' in rule ? `until ${rule.until || '…'}` : `for ${ms(rule.for_ms)}`
    case 'transform': {
      const env = Object.keys(rule.env ?? {}).length
      const lines = rule.code.trimEnd().split('\n').length
      return plural(lines, 'line') + (env ? `, ${plural(env, 'variable')}` : '')
    }
  }
}

/** The parts of a condition that are looked at, and how much of it there is. */
function filterSummary(rule: Rule): string {
  const text = JSON.stringify({ ...rule, type: undefined })
  if (text === '{}') return 'everything passes'
  return text.length > 90 ? `${text.slice(0, 89)}…` : text
}

export function orderSummary(order: Connection['order']): string {
  if (!order) return 'As soon as each can go'
  if (order.by === 'destination') return 'One after the other'
  return `One after the other for each ${order.fields.join(', ')}`
}

/** The waits between attempts, without jitter. */
export function waits(retry: Retry): number[] {
  switch (retry.schedule) {
    case 'custom':
      return retry.waits_ms
    case 'linear':
      return Array.from({ length: retry.retries }, (_, at) =>
        Math.min(retry.first_ms + at * retry.step_ms, retry.max_ms),
      )
    case 'exponential':
      return Array.from({ length: retry.retries }, (_, at) =>
        Math.min(retry.first_ms * (retry.factor_percent / 100) ** at, retry.max_ms),
      )
  }
}

export function retrySummary(retry: Retry): string {
  const all = waits(retry)
  if (all.length === 0) return 'No retries'
  const whole = all.reduce((sum, wait) => sum + wait, 0)
  return `${plural(all.length, 'retry', 'retries')} over ${duration(whole)}`
}

export const DEFAULT_RETRY: Retry = {
  schedule: 'exponential',
  first_ms: 5_000,
  factor_percent: 300,
  max_ms: 43_200_000,
  retries: 14,
  retry_on: [],
  give_up_on: [],
  max_age_ms: null,
}
