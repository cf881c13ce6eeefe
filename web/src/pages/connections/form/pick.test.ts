import { describe, expect, it } from 'vitest'
import { asked } from './pick'

describe('a condition that asks for a value', () => {
  it('is put beside those that are there', () => {
    const filter = { body: { type: 'order.paid', order: { total: { $gte: 100 } } } }
    expect(asked(filter, { pointer: '/body/order/currency', value: 'EUR' })).toEqual({
      body: { type: 'order.paid', order: { total: { $gte: 100 }, currency: 'EUR' } },
    })
  })

  it('leaves out places in arrays, and doubles the sign of operators', () => {
    expect(asked({}, { pointer: '/body/items/0/$id', value: 1 })).toEqual({
      body: { items: { $$id: 1 } },
    })
  })

  it('leaves the first one as it was', () => {
    const filter = { body: {} }
    asked(filter, { pointer: '/body/a', value: 1 })
    expect(filter).toEqual({ body: {} })
  })
})
