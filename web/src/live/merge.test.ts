import { expect, it } from 'vitest'
import { merge } from './merge'

type Row = { id: string; state: string }
const row = (id: string, state = 'queued'): Row => ({ id, state })
const list = (next: string | null, ...pages: Row[][]) => ({
  pages: pages.map((data) => ({ data, next })),
  pageParams: pages.map(() => null),
})
const all = () => true

it('puts what is new on top, and replaces what is known in its place', () => {
  const merged = merge(list(null, [row('3'), row('2')], [row('1')]), [row('4'), row('2', 'failed')], all, 10)
  expect(merged.pages).toEqual([{ data: [row('4'), row('3'), row('2', 'failed'), row('1')], next: null }])
})

it('takes out what the filter has no more', () => {
  const merged = merge(
    list(null, [row('2'), row('1')]),
    [row('2', 'successful')],
    (it) => it.state === 'queued',
    10,
  )
  expect(merged.pages[0]?.data).toEqual([row('1')])
})

it('leaves what belongs to a later page to that page', () => {
  const merged = merge(list('5', [row('6'), row('5')]), [row('2', 'failed'), row('7')], all, 10)
  expect(merged.pages[0]?.data.map(({ id }) => id)).toEqual(['7', '6', '5'])
})

it('keeps a bound, behind which the list goes on', () => {
  const merged = merge(list(null, [row('3'), row('2'), row('1')]), [row('4')], all, 2)
  expect(merged.pages).toEqual([{ data: [row('4'), row('3')], next: '3' }])
})
