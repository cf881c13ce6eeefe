import { expect, it } from 'vitest'
import { changesBetween } from './changes'

const before = {
  name: 'billing',
  url: 'https://one.example.com',
  rate: { limit: 5, per: 'second' },
  auth: null,
  signing_secrets: [{ hint: '…aaaa' }],
  lane: { breaker: 'closed' },
  updated_at: '2027-01-15T08:00:00.000Z',
}

it('tells fields that differ by their path', () => {
  const after = {
    ...before,
    url: 'https://two.example.com',
    rate: { limit: 9, per: 'second' },
    auth: { kind: 'bearer' },
    signing_secrets: [{ hint: '…bbbb' }],
  }
  expect(changesBetween(before, after)).toEqual([
    { field: 'url', from: 'https://one.example.com', to: 'https://two.example.com' },
    { field: 'rate.limit', from: 5, to: 9 },
    { field: 'auth', from: null, to: { kind: 'bearer' } },
    { field: 'signing_secrets', from: [{ hint: '…aaaa' }], to: [{ hint: '…bbbb' }] },
  ])
})

it('leaves out what changes by itself', () => {
  const after = { ...before, lane: { breaker: 'open' }, updated_at: '2027-01-15T09:00:00.000Z' }
  expect(changesBetween(before, after)).toEqual([])
})
