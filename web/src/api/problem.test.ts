import { expect, it } from 'vitest'
import { errorAt, errorElsewhere, errorsOf, Problem } from './problem'

const wrong = (field: string | null) =>
  errorsOf(new Problem(400, 'invalid_field', 'Not like this', 'It is too long', field))

it('shows what is wrong at the field, and at the field that it is a part of', () => {
  expect(errorAt(wrong('answer.status'), 'answer.status')).toBe('It is too long')
  expect(errorAt(wrong('answer.status'), 'answer')).toBe('It is too long')
  expect(errorAt(wrong('secrets[1]'), 'secrets')).toBe('It is too long')
  expect(errorAt(wrong('secrets[1]'), 'secret')).toBeUndefined()
  expect(errorAt(wrong('name'), 'names')).toBeUndefined()
})

it('leaves nothing unsaid that no field shows', () => {
  expect(errorElsewhere(wrong('answer.status'), ['name', 'answer'])).toBeUndefined()
  expect(errorElsewhere(wrong('signing_secrets'), ['secret'])).toBe('It is too long')
  expect(errorElsewhere(wrong(null), ['name'])).toBe('It is too long')
  expect(errorElsewhere({}, ['name'])).toBeUndefined()
})

it('keeps what is about no field', () => {
  expect(wrong(null)).toEqual({ '': 'It is too long' })
  expect(errorsOf(new Error('torn'))).toEqual({ '': 'torn' })
})
