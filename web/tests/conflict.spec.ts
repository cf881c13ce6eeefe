// Two people change the same thing: who comes second is asked, keeps what was typed, and nothing is overwritten unseen.
import { Gateway } from './support/gateway'
import { accessible, expect, screenshot, test } from './support/test'

type Made = { id: string; name: string; updated_at: string }

let gateway: Gateway

test.beforeAll(async () => {
  gateway = await Gateway.start()
})
test.afterAll(async () => {
  await gateway.stop()
})

const destination = (name: string) =>
  gateway.call<Made>('POST', '/destinations', { name, url: 'http://127.0.0.1:9/webhooks' })
const stored = <T>(path: string) => gateway.call<T>('GET', path)

test('settings that somebody else changed meanwhile are not overwritten unseen', async ({ page }) => {
  const { id } = await destination('billing')
  const path = `/destinations/${id}`
  await page.goto(`${gateway.dashboard}${path}?tab=settings`)
  const url = page.getByRole('textbox', { name: 'URL' })
  await url.fill('http://127.0.0.1:9/mine')
  await gateway.call('PATCH', path, { timeout_ms: 5_000, rate: { limit: 7 } })
  const asked = page.getByRole('dialog', { name: 'Somebody changed this while you edited' })
  const save = page.getByRole('button', { name: 'Save', exact: true })

  await test.step('what they changed is shown, and what was typed stays', async () => {
    await save.click()
    await expect(asked).toContainText('timeout_ms')
    await expect(asked).toContainText('5000')
    await accessible(page)
    await screenshot(page, 'conflict', { themes: true })
    await asked.getByRole('button', { name: 'Keep editing' }).click()
    await expect(asked).toBeHidden()
    await expect(url).toHaveValue('http://127.0.0.1:9/mine')
    expect(await stored(path)).toMatchObject({ url: 'http://127.0.0.1:9/webhooks', timeout_ms: 5_000 })
  })

  await test.step('the newer one can be had instead', async () => {
    await save.click()
    await asked.getByRole('button', { name: 'Load the newer one' }).click()
    await expect(url).toHaveValue('http://127.0.0.1:9/webhooks')
    await expect(page.getByRole('textbox', { name: 'Timeout' })).toHaveValue('5s')
    await expect(page.getByRole('spinbutton', { name: 'Attempts', exact: true })).toHaveValue('7')
  })

  await test.step('and be overwritten on purpose', async () => {
    await url.fill('http://127.0.0.1:9/mine')
    await gateway.call('PATCH', path, { timeout_ms: 9_000 })
    await save.click()
    await asked.getByRole('button', { name: 'Save mine over it' }).click()
    await expect(page.getByText('The next attempt goes by it.')).toBeVisible()
    expect(await stored(path)).toMatchObject({ url: 'http://127.0.0.1:9/mine', timeout_ms: 5_000 })
  })

  await test.step('nobody is asked about a change of their own', async () => {
    await url.fill('http://127.0.0.1:9/again')
    await page.getByRole('button', { name: 'Pause', exact: true }).click()
    await expect(page.getByText('It is paused')).toBeVisible()
    await save.click()
    await expect
      .poll(() => stored<{ url: string }>(path).then((now) => now.url))
      .toBe('http://127.0.0.1:9/again')
  })
})

test.describe('between looking and saving', () => {
  test.use({ allowed: [/status of 412/] })
  test('a change in that very moment is noticed by the gateway', async ({ page }) => {
    const { id } = await destination('moment')
    const path = `/destinations/${id}`
    let tag: string | undefined
    await page.route(`**/api/v1${path}`, async (route) => {
      if (route.request().method() === 'PATCH' && tag === undefined) {
        tag = route.request().headers()['if-match']
        await gateway.call('PATCH', path, { timeout_ms: 4_000 })
      }
      await route.continue()
    })
    await page.goto(`${gateway.dashboard}${path}?tab=settings`)
    await page.getByRole('textbox', { name: 'URL' }).fill('http://127.0.0.1:9/mine')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await expect(page.getByRole('dialog', { name: 'Somebody changed this while you edited' })).toBeVisible()
    expect(tag).toMatch(/^"/)
    expect(await stored(path)).toMatchObject({ url: 'http://127.0.0.1:9/webhooks', timeout_ms: 4_000 })
  })
})

test('a rule that is being written survives that somebody else saves the connection', async ({ page }) => {
  const source = await gateway.call<Made>('POST', '/sources', { name: 'shop', provider: 'none' })
  const { id: destination_id } = await destination('till')
  const { id } = await gateway.call<Made>('POST', '/connections', {
    name: 'shop-till',
    source_id: source.id,
    destination_id,
    rules: [{ type: 'filter', body: { type: 'order.paid' } }],
  })
  await page.goto(`${gateway.dashboard}/connections/${id}?tab=edit`)
  await page.getByRole('textbox', { name: 'Condition' }).fill('{"body": {"type": "order.refunded"}}')
  await gateway.call('PATCH', `/connections/${id}`, { enabled: false })
  // Whoever comes back to the window has everything read anew that is not fresh.
  await expect(async () => {
    await page.evaluate(() => window.dispatchEvent(new Event('visibilitychange')))
    await expect(page.getByText('It is disabled by hand')).toBeVisible({ timeout: 500 })
  }).toPass()
  await expect(page.getByRole('textbox', { name: 'Condition' })).toContainText('order.refunded')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByRole('button', { name: 'Save mine over it' }).click()
  await expect(page.getByText('It holds for requests that arrive from now on.')).toBeVisible()
  expect(await stored(`/connections/${id}`)).toMatchObject({
    enabled: false,
    rules: [{ type: 'filter', body: { type: 'order.refunded' } }],
  })
})

test('in dialogs and menus it is the same', async ({ page }) => {
  const { id: source } = await gateway.call<Made>('POST', '/sources', { name: 'desk', provider: 'none' })
  await page.goto(`${gateway.dashboard}/console?source=${source}`)
  await page.getByRole('button', { name: 'Change this source' }).click()
  const name = page.getByRole('textbox', { name: 'Name' })
  await name.fill('counter')
  await gateway.call('PATCH', `/sources/${source}`, { methods: ['POST'] })
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByRole('button', { name: 'Keep editing' }).click()
  await expect(name).toHaveValue('counter')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByRole('button', { name: 'Load the newer one' }).click()
  await expect(name).toHaveValue('desk')
  await page.getByRole('button', { name: 'Token, public URL, methods, answer' }).click()
  await expect(page.getByRole('textbox', { name: 'Methods' })).toHaveValue('POST')

  const channel = { type: 'webhook', url: 'http://127.0.0.1:9/pager' }
  const { id: alert } = await gateway.call<Made>('POST', '/alerts', { name: 'paging', channel })
  await page.goto(`${gateway.dashboard}/settings?tab=alerts`)
  await page.getByRole('button', { name: 'More about paging' }).click()
  await gateway.call('PATCH', `/alerts/${alert}`, { interval_ms: 60_000 })
  await page.getByRole('menuitem', { name: 'Turn off' }).click()
  const asked = page.getByRole('dialog', { name: 'Somebody changed this in the meantime' })
  await expect(asked).toContainText('interval_ms')
  await asked.getByRole('button', { name: 'Show me the newer one' }).click()
  expect(await stored(`/alerts/${alert}`)).toMatchObject({ enabled: true })
  await page.getByRole('button', { name: 'More about paging' }).click()
  await page.getByRole('menuitem', { name: 'Turn off' }).click()
  await expect(page.getByText('paging is off')).toBeVisible()
})
