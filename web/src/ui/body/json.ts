// JSON as a tree in which numbers keep the digits that they were sent with, as identifiers are often longer than what a
// JavaScript number holds.

/** A number as it was written. */
export class Digits {
  constructor(readonly text: string) {}
}

export type Json = null | boolean | string | Digits | Json[] | { [key: string]: Json }

type Context = { source?: string }

/** Throws where it is not JSON. */
export function parseJson(text: string): Json {
  const reviver = (_key: string, value: unknown, context?: Context) =>
    typeof value === 'number' ? new Digits(context?.source ?? String(value)) : value
  // The reviver's third argument is newer than TypeScript's library.
  return JSON.parse(text, reviver as (key: string, value: unknown) => unknown) as Json
}

export function isTree(value: Json): value is Json[] | { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !(value instanceof Digits)
}

export function entries(value: Json[] | { [key: string]: Json }): [string | number, Json][] {
  return Array.isArray(value) ? value.map((item, at) => [at, item]) : Object.entries(value)
}

/** How many values there are, counted no further than `max`. */
export function weigh(value: Json, max: number): number {
  if (!isTree(value)) return 1
  let sum = 1
  for (const [, item] of entries(value)) {
    sum += weigh(item, max - sum)
    if (sum >= max) return max
  }
  return sum
}

/** `/order/items/0/id`, as filters and rules name a place. */
export function pointer(path: (string | number)[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** A JSON text with two spaces of indentation and numbers as they were written. */
export function indentJson(value: Json, depth = 0): string {
  if (value instanceof Digits) return value.text
  if (!isTree(value)) return JSON.stringify(value)
  const inside = entries(value)
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}']
  if (inside.length === 0) return open + close
  const indent = '  '.repeat(depth + 1)
  const lines = inside.map(([key, item]) => {
    const name = typeof key === 'string' ? `${JSON.stringify(key)}: ` : ''
    return indent + name + indentJson(item, depth + 1)
  })
  return `${open}\n${lines.join(',\n')}\n${'  '.repeat(depth)}${close}`
}
