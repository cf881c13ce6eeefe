// The one place that speaks HTTP with the API. It is a client like any other: same origin, JSON, problem+json.
import { Problem } from './problem'

/** Values of a query string; those that are absent or `null` are left out. */
export type Query = Record<string, string | number | boolean | null | undefined>

type Options = { query?: Query; body?: unknown; signal?: AbortSignal; headers?: Record<string, string> }

export const BASE = '/api/v1'

/** Fires when a call is refused, or a stream ended, for want of a login or of a scope: who one is, and may do, is asked anew
 * then. */
export const unauthorized = new EventTarget()

export function url(path: string, query: Query = {}): string {
  const parameters = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') parameters.set(key, String(value))
  }
  const text = parameters.toString()
  return BASE + path + (text ? `?${text}` : '')
}

/** One call. Answers the JSON of the answer; throws a `Problem` for everything that is no success. */
export async function call<T>(method: string, path: string, options: Options = {}): Promise<T> {
  return (await tagged<T>(method, path, options)).body
}

/** The same, with the answer's `ETag`. */
export async function tagged<T>(
  method: string,
  path: string,
  options: Options = {},
): Promise<{ body: T; tag: string | null }> {
  const headers: Record<string, string> = { Accept: 'application/json', ...options.headers }
  if (options.body !== undefined) headers['Content-Type'] = 'application/json'
  let response: Response
  try {
    response = await fetch(url(path, options.query), {
      method,
      headers,
      body: options.body === undefined ? null : JSON.stringify(options.body),
      signal: options.signal ?? null,
      credentials: 'same-origin',
    })
  } catch (error) {
    if (options.signal?.aborted) throw error
    throw Problem.unreachable()
  }
  const body: unknown = await readJson(response)
  if (!response.ok) {
    // The development proxy answers 5xx without a body where no gateway runs.
    if (response.status >= 502 && body === undefined) throw Problem.unreachable()
    const problem = Problem.fromBody(response.status, body)
    if (response.status === 401 || problem.code === 'scope_missing')
      unauthorized.dispatchEvent(new Event('unauthorized'))
    throw problem
  }
  return { body: body as T, tag: response.headers.get('etag') }
}

/** The bytes behind a path, for what is shown as an image or in hexadecimal. */
export async function bytes(path: string, signal?: AbortSignal): Promise<Uint8Array> {
  const response = await fetch(url(path), { signal: signal ?? null, credentials: 'same-origin' })
  if (!response.ok) throw Problem.fromBody(response.status, await readJson(response))
  return new Uint8Array(await response.arrayBuffer())
}

async function readJson(response: Response): Promise<unknown> {
  const text = await response.text()
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export const get = <T>(path: string, query?: Query, signal?: AbortSignal) =>
  call<T>('GET', path, { ...(query && { query }), ...(signal && { signal }) })
export const post = <T>(path: string, body?: unknown, query?: Query) =>
  call<T>('POST', path, { body, ...(query && { query }) })
export const patch = <T>(path: string, body: unknown) => call<T>('PATCH', path, { body })
export const remove = <T = undefined>(path: string, query?: Query) =>
  call<T>('DELETE', path, { ...(query && { query }) })
