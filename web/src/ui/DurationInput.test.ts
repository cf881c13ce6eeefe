import { describe, expect, it } from 'vitest'
import { parseDuration, writeDuration } from './DurationInput'

describe('a span of time', () => {
  it('is read as people write it', () => {
    expect(parseDuration('5s')).toBe(5_000)
    expect(parseDuration('10 min')).toBe(600_000)
    expect(parseDuration('1h 30m')).toBe(5_400_000)
    expect(parseDuration('1.5h')).toBe(5_400_000)
    expect(parseDuration('90')).toBe(90_000)
    expect(parseDuration('250ms')).toBe(250)
  })

  it('is nothing where it cannot be read', () => {
    for (const text of ['', 'soon', '5 parsecs', '5s and more', '-3s']) expect(parseDuration(text)).toBeNull()
  })

  it('is written so that it is read back as the same', () => {
    for (const ms of [0, 1, 999, 5_000, 90_000, 5_400_000, 259_200_000, 86_461_001])
      expect(parseDuration(writeDuration(ms))).toBe(ms)
  })
})
