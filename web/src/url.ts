// The URL holds what a page shows. Its parameters are plain text, `?state=failed&last_status=503`, so that people can read,
// type and share them; the router's own form would put JSON there.

type Search = Record<string, unknown>

export function parseSearch(text: string): Search {
  return Object.fromEntries(new URLSearchParams(text))
}

export function stringifySearch(search: Search): string {
  const parameters = new URLSearchParams()
  for (const [key, value] of Object.entries(search)) {
    if (value !== undefined && value !== null && value !== '' && value !== false)
      parameters.set(key, String(value))
  }
  const text = parameters.toString()
  return text ? `?${text}` : ''
}

/** A parameter as text, or nothing. */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A parameter that is one of these words; anything else counts as absent, so that an old link still opens. */
export function oneOf<T extends string>(value: unknown, words: readonly T[]): T | undefined {
  return words.find((word) => word === value)
}

export function flag(value: unknown): true | undefined {
  return value === 'true' || value === true ? true : undefined
}

/** Those of the parameters that have these names, all as text. */
export function texts<K extends string>(search: Search, names: readonly K[]): Partial<Record<K, string>> {
  const found: Partial<Record<K, string>> = {}
  for (const name of names) {
    const value = text(search[name])
    if (value !== undefined) found[name] = value
  }
  return found
}
