import { describe, expect, it } from 'vitest'
import { clock, compact, duration, plural, relative, shortId, size } from './format'

describe('sizes', () => {
  it.each([
    [0, '0 B'],
    [1_023, '1023 B'],
    [1_024, '1.0 KB'],
    [10 * 1_024 * 1_024, '10 MB'],
    [5 * 1_024 ** 4 * 1_024, '5120 TB'],
  ])('%d bytes are %s', (bytes, text) => expect(size(bytes)).toBe(text))
})

describe('durations', () => {
  it.each([
    [0.35, '350 µs'],
    [1.25, '1.3 ms'],
    [999, '999 ms'],
    [3_000, '3 s'],
    [250_000, '4 min 10 s'],
    [7_200_000, '2 h'],
    [3 * 86_400_000 + 3_600_000, '3 d 1 h'],
  ])('%d ms are %s', (ms, text) => expect(duration(ms)).toBe(text))
})

describe('times', () => {
  const now = Date.parse('2027-01-15T08:00:00Z')
  it.each([
    [now - 500, 'just now'],
    [now - 12_000, '12 s ago'],
    [now + 300_000, 'in 5 min'],
    [now - 2 * 86_400_000, '2 d ago'],
  ])('%d is %s', (at, text) => expect(relative(at, now)).toBe(text))

  it('has milliseconds on the clock', () => expect(clock('2027-01-15T08:00:00.045Z')).toMatch(/:00\.045$/))
})

it('keeps the end of an id', () => {
  expect(shortId('evt_07fjcpm00000407fjcpm000003')).toBe('evt_…000003')
  expect(shortId('req_1')).toBe('req_1')
})

it('says numbers briefly where there is no room', () => {
  expect(compact(9_999)).toBe('9,999')
  expect(compact(12_345)).toBe('12.3K')
  expect(plural(1, 'event')).toBe('1 event')
  expect(plural(1_200, 'event')).toBe('1,200 events')
})
