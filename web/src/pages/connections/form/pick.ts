// A field of the sample goes into the rule that is open: as a condition, as what tells events apart, as a time.
import { condition, type DraftRule } from './draft'
import type { Leaf } from './SamplePanel'

export function pickDoes(rule: DraftRule | undefined): string {
  switch (rule?.type) {
    case 'filter':
      return 'A click asks for this value in the filter.'
    case 'deduplicate':
    case 'stale':
      return 'A click adds the field to the rule.'
    case 'delay':
      return 'A click waits until the time in the field.'
    case 'transform':
      return 'What the code finds in the request.'
    case undefined:
      return 'A click makes a filter for this value.'
  }
}

/** The rule with the field in it; itself where it has no use for one. */
export function pick(rule: DraftRule, leaf: Leaf): DraftRule {
  const with_ = (fields: string[]) => [...new Set([...fields.filter(Boolean), leaf.pointer])]
  switch (rule.type) {
    case 'filter': {
      const read = condition(rule.text)
      if (!('ok' in read)) return rule
      return { ...rule, text: JSON.stringify(asked(read.ok, leaf), null, 2) }
    }
    case 'deduplicate':
      return { ...rule, fields: with_(rule.fields) }
    case 'stale':
      return {
        ...rule,
        latest: { fields: with_(rule.latest?.fields ?? []), time: rule.latest?.time ?? '' },
      }
    case 'delay':
      return { ...rule, by: 'until', until: leaf.pointer }
    case 'transform':
      return rule
  }
}

/** A condition that asks for a value as well. An array passes where one of its elements does, so places in it are left out. */
export function asked(filter: Record<string, unknown>, { pointer, value }: Leaf): Record<string, unknown> {
  const parts = pointer
    .split('/')
    .slice(1)
    .filter((part) => !/^\d+$/.test(part))
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    // A name that begins with `$` is written with another one, except the part of the request itself.
    .map((part, at) => (at > 0 && part.startsWith('$') ? `$${part}` : part))
  const whole = structuredClone(filter)
  let place = whole
  parts.forEach((part, at) => {
    if (at === parts.length - 1) {
      place[part] = value
      return
    }
    const inner = place[part]
    const next =
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? (inner as Record<string, unknown>)
        : {}
    place[part] = next
    place = next
  })
  return whole
}
