import { expect, it } from 'vitest'
import type { RequestDetail, Source } from '@/api/types'
import { behindToken, curl, header, queryPairs } from './parts'

it('knows what stands behind the token', () => {
  expect(behindToken('/tok')).toBe('')
  expect(behindToken('/tok?a=1')).toBe('?a=1')
  expect(behindToken('/tok/a/b?c')).toBe('/a/b?c')
  expect(queryPairs('/tok?a=1&b=%C3%BC')).toEqual([
    ['a', '1'],
    ['b', 'ü'],
  ])
})

it('finds headers in any case', () => {
  expect(header([['CONTENT-type', 'a/b']], 'content-type')).toBe('a/b')
  expect(header([], 'content-type')).toBeNull()
})

it('makes a curl command that a shell takes as it is', () => {
  const request = {
    method: 'POST',
    target: '/tok/x?y=1',
    headers: [
      ['Host', 'h'],
      ['X-Name', "it's"],
    ],
    body: { size: 5, text: "{'a'}", truncated: false },
  } as unknown as RequestDetail
  const source = { url: 'http://localhost/tok' } as Source
  expect(curl(request, source)).toBe(
    "curl -X POST 'http://localhost/tok/x?y=1' \\\n  -H 'X-Name: it'\\''s' \\\n  --data-raw '{'\\''a'\\''}'",
  )
})
