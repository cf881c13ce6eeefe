// What pages tell of a request that the API does not say in so many words.
import type { Headers, HeaderValue, RequestDetail, Source } from '@/api/types'

export function headerText(value: HeaderValue): string {
  return typeof value === 'string' ? value : `(base64) ${value.base64}`
}

export function header(headers: Headers, name: string): string | null {
  const found = headers.find(([key]) => key.toLowerCase() === name)
  return found && typeof found[1] === 'string' ? found[1] : null
}

/** What stands behind the source's token (nothing where the head could not be read): the part of a target that tells requests apart. */
export function behindToken(target: string | null): string {
  if (target === null) return ''
  const end = target.slice(1).search(/[/?]/)
  return end === -1 ? '' : target.slice(end + 1)
}

export function queryPairs(target: string | null): [string, string][] {
  if (target === null) return []
  const at = target.indexOf('?')
  return at === -1 ? [] : [...new URLSearchParams(target.slice(at + 1))]
}

/** Set by whoever sends it on its way, and made anew by curl. */
const NOT_SENT = ['host', 'content-length', 'connection', 'accept-encoding', 'transfer-encoding', 'expect']

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

/** The request as a curl command: same method, headers and body, to the source's URL. */
export function curl(request: RequestDetail, source: Source | undefined): string {
  const base =
    source?.url ?? `http://localhost:4400${(request.target ?? '/').replace(behindToken(request.target), '')}`
  const parts = [`curl -X ${request.method ?? 'POST'} ${quote(base + behindToken(request.target))}`]
  for (const [name, value] of request.headers) {
    if (typeof value === 'string' && !NOT_SENT.includes(name.toLowerCase()))
      parts.push(`-H ${quote(`${name}: ${value}`)}`)
  }
  const { text, base64 } = request.body
  if (text) parts.push(`--data-raw ${quote(text)}`)
  if (base64) return `echo ${base64} | base64 -d | ${[...parts, '--data-binary @-'].join(' \\\n  ')}`
  return parts.join(' \\\n  ')
}
