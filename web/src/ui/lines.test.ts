import { expect, it } from 'vitest'
import { alone } from './lines'

it('finds values that no line leads to', () => {
  expect(alone([1, null, 2, 3, null, 4, null])).toEqual([0, 5])
  expect(alone([7])).toEqual([0])
  expect(alone([1, 2, 3])).toEqual([])
  expect(alone([null, 0, null])).toEqual([1])
  expect(alone([])).toEqual([])
})
