// A connection is made in the form, with a filter and a transformation that are tried on a request that arrived, and does what
// the form said. Then it is looked at, disabled and deleted; and two hundred of them can still be found one's way in.
import { Gateway } from './support/gateway'
import { Sink } from './support/sink'
import { accessible, expect, screenshot, test } from './support/test'

type Made = { id: string; url: string; name: string }

let gateway: Gateway
let sink: Sink

test.beforeAll(async () => {
  gateway = await Gateway.start()
  sink = await Sink.start()
})
test.afterAll(async () => {
  await gateway.stop()
  await sink.stop()
})

async function send(url: string, body: unknown) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect(response.ok).toBe(true)
}

const order = (type: string, total: number) => ({ type, order: { id: 7, total } })

test('a connection with a filter and a transformation is made and delivers what they let through', async ({
  page,
}) => {
  const shop = await gateway.call<Made>('POST', '/sources', { name: 'shop', provider: 'none' })
  await send(shop.url, order('order.paid', 4500))
  await gateway.until<{ data: unknown[] }>(`/requests?source_id=${shop.id}`, ({ data }) => data.length === 1)

  await test.step('its ends are chosen, and the destination is made on the way', async () => {
    await page.goto(`${gateway.dashboard}/connections`)
    await page.getByRole('link', { name: 'New connection' }).click()
    await page.getByRole('button', { name: /^Source:/ }).click()
    await page.getByRole('option', { name: 'shop' }).click()
    await page.getByRole('button', { name: 'New destination' }).click()
    const dialog = page.getByRole('dialog', { name: 'New destination' })
    await dialog.getByRole('textbox', { name: 'Name' }).fill('till')
    await dialog.getByRole('textbox', { name: 'URL' }).fill(sink.url)
    await accessible(page)
    await dialog.getByRole('button', { name: 'Make it' }).click()
    await expect(page.getByTestId('secret')).toHaveText(/^whsec_/)
    await page.getByRole('button', { name: 'I have noted it' }).click()
    await expect(page.getByRole('textbox', { name: 'Name' })).toHaveValue('shop-to-till')
  })

  await test.step('a click on a field of the sample makes a filter, which the sample passes', async () => {
    await page.getByTitle('/body/type = "order.paid"').click()
    await expect(page.getByRole('textbox', { name: 'Condition' })).toContainText('"order.paid"')
    await expect(page.getByText('The sample passes')).toBeVisible()
  })

  await test.step('why another one would not pass is said', async () => {
    await page
      .getByRole('textbox', { name: 'Condition' })
      .fill('{"body": {"order": {"total": {"$gte": 9000}}}}')
    await expect(page.getByText('The sample is discarded here')).toBeVisible()
    await expect(page.getByText('/body/order/total (a number) does not meet $gte 9000')).toBeVisible()
    await page.getByRole('textbox', { name: 'Condition' }).fill('{"body": {"type": "order.paid"}}')
    await expect(page.getByText('The sample passes')).toBeVisible()
  })

  await test.step('a transformation shows what it changes', async () => {
    await page.getByRole('button', { name: 'Add a rule' }).click()
    await page.getByRole('menuitem', { name: /^Transform/ }).click()
    await page
      .getByRole('textbox', { name: 'Code of the transformation' })
      .fill(
        'addHandler("transform", (request) => {\n  console.log("cents", request.body.order.total)\n  request.body.order.total /= 100\n  return request\n})',
      )
    await expect(page.getByRole('group', { name: 'What was changed' })).toContainText('"total": 45')
    await page.getByRole('tab', { name: 'Console (1)' }).click()
    await expect(page.getByText('cents 4500')).toBeVisible()
    await accessible(page)
    await screenshot(page, 'connection-form')
  })

  await test.step('rules are moved with the keyboard', async () => {
    await page.getByRole('button', { name: /^Move rule 2, Transform/ }).press('ArrowUp')
    await expect(page.getByRole('button', { name: /^Move rule 1, Transform/ })).toBeFocused()
    await page.keyboard.press('ArrowDown')
    await expect(page.getByRole('button', { name: /^Move rule 2, Transform/ })).toBeFocused()
  })

  await test.step('the schedule of retries is drawn', async () => {
    await expect(page.getByText('15 attempts, the last one 3 d 2 h after the first')).toBeVisible()
    await page.getByRole('button', { name: 'These waits' }).click()
    await page.getByRole('textbox', { name: 'Waits' }).fill('1s, 1m')
    await expect(page.getByText('3 attempts, the last one 1 min 1 s after the first')).toBeVisible()
  })

  await test.step('it delivers what the form said', async () => {
    await page.getByRole('button', { name: 'Connect', exact: true }).click()
    await expect(page.getByRole('heading', { level: 1, name: 'shop-to-till' })).toBeVisible()
    await send(shop.url, order('order.cancelled', 100))
    await send(shop.url, order('order.paid', 2500))
    await expect.poll(() => sink.deliveries.length).toBe(1)
    expect(JSON.parse(sink.deliveries[0]?.body ?? '')).toEqual({
      type: 'order.paid',
      order: { id: 7, total: 25 },
    })
  })
})

test.describe('with an answer that is an error', () => {
  // The browser tells of every 409 in its console.
  test.use({ allowed: [/status of 409/] })
  test('a connection is disabled, enabled, changed and deleted', async ({ page }) => {
    const source = await gateway.call<Made>('POST', '/sources', { name: 'desk', provider: 'none' })
    const { id: destination_id } = await gateway.call<Made>('POST', '/destinations', {
      name: 'press',
      url: sink.url,
    })
    const connection = await gateway.call<Made>('POST', '/connections', {
      name: 'desk-to-press',
      source_id: source.id,
      destination_id,
      rules: [
        { type: 'filter', body: { type: 'order.paid' } },
        { type: 'delay', for_ms: 1_000 },
      ],
    })
    await page.goto(`${gateway.dashboard}/connections/${connection.id}`)

    await page.getByRole('button', { name: 'Disable', exact: true }).click()
    await expect(page.getByText('It is disabled by hand')).toBeVisible()
    await page.getByRole('button', { name: 'Enable it' }).click()
    await expect(page.getByText('It is disabled by hand')).toBeHidden()

    await page.getByRole('tab', { name: 'Edit' }).click()
    await expect(page).toHaveURL(/tab=edit/)
    await page.getByRole('button', { name: 'Take rule 2 away' }).click()
    await page.getByRole('button', { name: 'Save' }).click()
    await expect(page.getByText('It holds for requests that arrive from now on.')).toBeVisible()
    const changed = await gateway.call<{ rules: unknown[]; retry: unknown }>(
      'GET',
      `/connections/${connection.id}`,
    )
    expect(changed.rules).toEqual([{ type: 'filter', body: { type: 'order.paid' } }])
    expect(changed.retry).toMatchObject({ schedule: 'exponential', retries: 14 })

    await test.step('with undelivered events it is asked what becomes of them', async () => {
      await gateway.call('POST', `/destinations/${destination_id}/pause`)
      await send(source.url, order('order.paid', 1))
      await gateway.until<{ data: unknown[] }>('/events?state=held', ({ data }) => data.length === 1)
      await page.getByRole('button', { name: 'More', exact: true }).click()
      await page.getByRole('menuitem', { name: 'Delete…' }).click()
      await page.getByRole('button', { name: 'Delete it' }).click()
      await expect(page.getByRole('dialog', { name: 'Some events are not delivered yet' })).toBeVisible()
      await accessible(page)
      await page.getByRole('button', { name: 'Cancel them and delete it' }).click()
      await expect(page.getByText('1 event cancelled.')).toBeVisible()
      await expect(page.getByRole('heading', { level: 1, name: 'Connections' })).toBeVisible()
    })
  })
})

test('of two hundred connections the one is found', async ({ page }) => {
  const sources: Made[] = []
  const destinations: Made[] = []
  for (let number = 0; number < 8; number += 1) {
    sources.push(await gateway.call<Made>('POST', '/sources', { name: `branch-${number}`, provider: 'none' }))
    destinations.push(
      await gateway.call<Made>('POST', '/destinations', { name: `service-${number}`, url: sink.url }),
    )
  }
  for (let number = 0; number < 200; number += 1) {
    await gateway.call('POST', '/connections', {
      name: `line-${number}`,
      source_id: sources[Math.floor(number / 25)]?.id,
      destination_id: destinations[number % 8]?.id,
    })
  }
  await page.goto(`${gateway.dashboard}/connections`)
  await expect(page.getByRole('button', { name: /^25 connections/ })).toHaveCount(8)
  await accessible(page)
  await screenshot(page, 'connections-many')

  await page.getByRole('button', { name: 'Show the 25 connections of branch-3' }).click()
  await expect(page.getByRole('link', { name: /\bline-80\b/ })).toBeVisible()

  await page.keyboard.press('/')
  await page.keyboard.type('line-157')
  await expect(page).toHaveURL(/q=line-157/)
  await expect(page.getByRole('link', { name: /\bline-157\b/ })).toBeVisible()
  await expect(page.getByRole('button', { name: /^25 connections/ })).toHaveCount(0)
  await page.keyboard.press('Escape')
  await expect(page.getByRole('button', { name: /^25 connections/ }).first()).toBeVisible()
})
