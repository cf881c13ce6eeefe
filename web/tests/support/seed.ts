// A Hookyard in use: sources, connections, destinations that work and that do not, events in every state that is quick to come by.
import type { Gateway } from './gateway'
import { Sink } from './sink'

export type Seed = {
  source: string
  connection: string
  destination: string
  request: string
  failed: string
  stop: () => Promise<void>
}

type Made = { id: string; url: string }
type List = { data: { id: string; state: string }[] }

const CODE = `addHandler('transform', (request) => {
  console.log('amount', request.body.data.amount)
  request.body.seen = true
  return request
})`

export async function seed(gateway: Gateway): Promise<Seed> {
  const works = await Sink.start()
  const fails = await Sink.start()
  fails.status = 503
  const make = (path: string, body: unknown) => gateway.call<Made>('POST', path, body)

  const shop = await make('/sources', { name: 'shop', provider: 'none' })
  const stripe = await make('/sources', {
    name: 'stripe',
    provider: 'stripe',
    secrets: ['whsec_test_of_the_dashboard'],
  })
  const billing = await make('/destinations', { name: 'billing', url: works.url })
  const warehouse = await make('/destinations', {
    name: 'warehouse',
    url: fails.url,
    breaker: { enabled: false },
  })
  const paid = await make('/connections', {
    name: 'shop-billing',
    source_id: shop.id,
    destination_id: billing.id,
    rules: [
      { type: 'filter', body: { type: { $startsWith: 'order.' } } },
      { type: 'transform', code: CODE },
    ],
  })
  await make('/connections', {
    name: 'shop-warehouse',
    source_id: shop.id,
    destination_id: warehouse.id,
    retry: { schedule: 'custom', waits_ms: [1] },
  })
  await make('/connections', { name: 'stripe-billing', source_id: stripe.id, destination_id: billing.id })

  const topics = ['order.paid', 'order.shipped', 'customer.created', 'order.refunded']
  for (let number = 0; number < 24; number += 1) {
    await send(shop.url, {
      type: topics[number % topics.length],
      data: { id: `ord_${1000 + number}`, amount: 4500 + number },
    })
  }
  // Signed by nobody: rejected, with a diagnosis.
  await fetch(stripe.url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Stripe-Signature': 't=1,v1=00' },
    body: '{"type":"invoice.paid"}',
  })
  await gateway.call('POST', `/sources/${stripe.id}/sample`, {})

  const failed = await gateway.until<List>('/events?state=failed&limit=100', (list) => list.data.length >= 24)
  await gateway.until<List>('/events?state=successful&limit=100', (list) => list.data.length >= 18)
  const requests = await gateway.call<List>('GET', `/requests?source_id=${shop.id}&limit=1`)
  const request = requests.data[0]?.id ?? ''
  await make('/bookmarks', { request_id: request, name: 'An order that was refunded' })
  return {
    source: shop.id,
    connection: paid.id,
    destination: billing.id,
    request,
    failed: failed.data[0]?.id ?? '',
    stop: async () => {
      await works.stop()
      await fails.stop()
    },
  }
}

async function send(url: string, body: unknown) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${url}: ${response.status}`)
}
