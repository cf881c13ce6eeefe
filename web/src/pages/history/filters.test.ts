import { expect, it } from 'vitest'
import { addToMatch, checkMatch, rangeStart } from './filters'

it('adds a value to what is matched', () => {
  const first = addToMatch(undefined, ['type'], 'invoice.paid')
  expect(first).toBe('{"body":{"type":"invoice.paid"}}')
  expect(addToMatch(first, ['customer', 'id'], 7)).toBe(
    '{"body":{"type":"invoice.paid","customer":{"id":7}}}',
  )
  expect(addToMatch(first, ['type'], 'x')).toBe('{"body":{"type":"x"}}')
})

it('says what is wrong with a filter', () => {
  expect(checkMatch('{"body":{}}')).toBeNull()
  expect(checkMatch('[]')).toMatch(/JSON object/)
  expect(checkMatch('{')).not.toBeNull()
})

it('begins a range on a grid', () => {
  const now = Date.parse('2027-01-15T08:00:37.123Z')
  expect(rangeStart('1h', now)).toBe('2027-01-15T07:00:00.000Z')
  expect(rangeStart('1h', now + 15_000)).toBe('2027-01-15T07:00:00.000Z')
  expect(rangeStart('', now)).toBeUndefined()
})
