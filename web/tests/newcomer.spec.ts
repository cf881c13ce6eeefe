// The newcomer's way, from an empty Hookyard to a failure that was repaired: the one story that has to work.
import { Gateway } from './support/gateway'
import { Sink } from './support/sink'
import { accessible, expect, screenshot, test } from './support/test'

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

test('from nothing to a webhook that was delivered, failed, and was sent again', async ({ page }) => {
  await test.step('an empty Hookyard has a working URL at once', async () => {
    await page.goto(gateway.dashboard)
    await expect(page).toHaveURL(/\/console/)
    await expect(page.getByRole('heading', { name: 'Send it here' })).toBeVisible()
    await page.getByRole('button', { name: 'Copy the URL' }).click()
    const url = await page.evaluate(() => navigator.clipboard.readText())
    await expect(page.getByText(url, { exact: true })).toBeVisible()
    await accessible(page)
    await screenshot(page, 'newcomer-1-empty')
  })

  await test.step('a signed sample of a provider arrives live, verified', async () => {
    await page.getByRole('button', { name: /^Provider/ }).click()
    await page.getByRole('combobox', { name: 'Provider' }).fill('stripe')
    await page
      .getByRole('option', { name: /^Stripe/ })
      .first()
      .click()
    await expect(page.getByText('Verified as Stripe from now on')).toBeVisible()
    await page.getByRole('button', { name: 'Send a signed sample' }).click()
    await expect(page.getByText('Verified: signed by Stripe')).toBeVisible()
    const inbox = page.getByRole('table', { name: 'Requests of this source' })
    await expect(inbox.getByRole('link', { name: 'invoice.paid' })).toBeVisible()
  })

  await test.step('it can be looked into', async () => {
    const body = page.getByRole('group', { name: 'Body of the request' })
    await expect(body).toContainText('invoice.paid')
    await page.getByRole('button', { name: 'Raw' }).click()
    await expect(page.getByRole('textbox', { name: 'Body of the request' })).toContainText('"type"')
    await page.getByRole('tab', { name: /^Headers/ }).click()
    await expect(page.getByRole('table', { name: 'Headers of the request' })).toContainText(
      /stripe-signature/i,
    )
    await page.getByRole('tab', { name: 'curl' }).click()
    await expect(page.getByRole('tabpanel')).toContainText('curl -X POST')
    await page.getByRole('tab', { name: 'Body' }).click()
    await accessible(page)
    await screenshot(page, 'newcomer-2-arrived')
  })

  await test.step('forwarding it makes a destination and a connection, and it is delivered', async () => {
    await page.getByRole('button', { name: 'Forward it to…' }).click()
    await page.getByRole('textbox', { name: 'URL' }).fill(sink.url)
    await page.getByRole('button', { name: 'Forward', exact: true }).click()
    await expect(page.getByRole('dialog', { name: 'It is connected' })).toBeVisible()
    await expect(page.getByText('Received once more')).toBeVisible()
    await accessible(page)
    await screenshot(page, 'newcomer-3-connected')
    await page.getByRole('button', { name: 'Done' }).click()
    await expect.poll(() => sink.deliveries.length).toBe(1)
    expect(sink.deliveries[0]?.headers).toHaveProperty('webhook-signature')
    expect(sink.deliveries[0]?.body).toContain('invoice.paid')
    await page.getByRole('link', { name: 'Events' }).click()
    await expect(page.getByRole('table', { name: 'Events' }).getByText('successful')).toBeVisible()
  })

  await test.step('the service fails, and the path of the event says how', async () => {
    sink.status = 503
    const { data } = await gateway.call<{ data: { id: string }[] }>('GET', '/connections')
    // One try each, so that nobody waits for days.
    await gateway.call('PATCH', `/connections/${data[0]?.id}`, {
      retry: { schedule: 'custom', waits_ms: [] },
    })
    await page.getByRole('link', { name: 'Console' }).click()
    for (let sent = 0; sent < 3; sent += 1) {
      await page.getByRole('button', { name: 'Send a signed sample' }).click()
      await expect(page.getByRole('table', { name: 'Requests of this source' }).getByRole('row')).toHaveCount(
        sent + 4,
      )
    }
    await page.getByRole('link', { name: 'Events' }).click()
    const events = page.getByRole('table', { name: 'Events' })
    await expect(events.getByText('failed')).toHaveCount(3)
    await events.getByRole('row').filter({ hasText: 'failed' }).first().getByRole('link').click()
    const path = page.getByRole('list', { name: 'Path of the event' })
    await expect(path.getByText('Attempt 1')).toBeVisible()
    await expect(path.getByText('503')).toBeVisible()
    await expect(path.getByText('the till is jammed')).toBeVisible()
    await accessible(page)
    await screenshot(page, 'newcomer-4-failed')
    await page.keyboard.press('Escape')
  })

  await test.step('it is repaired, and all that failed are sent again', async () => {
    sink.status = 200
    const before = sink.deliveries.length
    await page.getByRole('button', { name: 'Filter' }).click()
    await page.getByRole('option', { name: 'State' }).click()
    await page.getByRole('option', { name: 'failed' }).click()
    await expect(page).toHaveURL(/state=failed/)
    await page.getByRole('button', { name: 'All of these' }).click()
    await page.getByRole('menuitem', { name: 'Retry all that the filters find…' }).click()
    const plan = page.getByRole('dialog')
    await expect(plan.getByRole('button', { name: 'Retry 3 events' })).toBeVisible()
    await accessible(page)
    await screenshot(page, 'newcomer-5-plan')
    await plan.getByRole('button', { name: 'Retry 3 events' }).click()
    await expect(page.getByRole('region', { name: 'Bulk operation' })).toContainText('3 of 3 done')
    await expect.poll(() => sink.deliveries.length).toBe(before + 3)
    await page.getByRole('button', { name: 'Remove the filter State' }).click()
    await expect(page.getByRole('table', { name: 'Events' }).getByText('successful')).toHaveCount(4)
    await screenshot(page, 'newcomer-6-repaired')
  })
})
