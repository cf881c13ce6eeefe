// Running it: a destination is paused and its secret rotated, what fails is found and retried, keys are made and revoked,
// people are told. What is shown once is shown once.
import { Gateway } from './support/gateway'
import { seed, type Seed } from './support/seed'
import { Sink } from './support/sink'
import { accessible, expect, screenshot, test } from './support/test'

type Destination = { id: string; name: string; paused_at: string | null; signing_secrets: unknown[] }

let gateway: Gateway
let data: Seed

test.beforeAll(async () => {
  gateway = await Gateway.start()
  data = await seed(gateway)
})
test.afterAll(async () => {
  await data.stop()
  await gateway.stop()
})

const destination = () => gateway.call<Destination>('GET', `/destinations/${data.destination}`)

test('a destination is paused and resumed', async ({ page }) => {
  await page.goto(`${gateway.dashboard}/destinations`)
  await page.getByRole('button', { name: 'Pause billing' }).click()
  await expect(page.getByRole('button', { name: 'Resume billing' })).toBeVisible()
  expect((await destination()).paused_at).not.toBeNull()

  await page.getByRole('link', { name: 'billing', exact: true }).click()
  await expect(page.getByText('It is paused')).toBeVisible()
  await accessible(page)
  await screenshot(page, 'destination-paused')
  await page.getByRole('button', { name: 'Resume', exact: true }).click()
  await expect(page.getByText('It is paused')).toBeHidden()
  expect((await destination()).paused_at).toBeNull()
})

test('settings of a destination are changed', async ({ page }) => {
  await page.goto(`${gateway.dashboard}/destinations/${data.destination}?tab=settings`)
  await page.getByRole('switch', { name: 'No faster than a rate' }).click()
  await page.getByRole('spinbutton', { name: 'Attempts', exact: true }).fill('7')
  await page.getByRole('textbox', { name: 'Timeout' }).fill('5s')
  await page.getByRole('combobox', { name: 'Kind' }).selectOption('bearer')
  await page.getByRole('textbox', { name: 'Token' }).fill('a-token-that-nobody-sees')
  await accessible(page)
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('The next attempt goes by it.')).toBeVisible()
  expect(await destination()).toMatchObject({
    timeout_ms: 5_000,
    rate: { limit: 7, per: 'second' },
    auth: { kind: 'bearer' },
  })
  // What was typed is gone; a secret that is stored is not shown.
  await expect(page.getByPlaceholder('stored, and not shown')).toHaveValue('')
})

test('a signing secret is rotated, and shown once', async ({ page }) => {
  await page.goto(`${gateway.dashboard}/destinations/${data.destination}?tab=signing`)
  await page.getByRole('button', { name: 'Rotate the secret' }).click()
  await page.getByRole('textbox', { name: 'The old one signs for' }).fill('2h')
  await accessible(page)
  await page.getByRole('button', { name: 'Rotate', exact: true }).click()
  const secret = await page.getByTestId('secret').textContent()
  expect(secret).toMatch(/^whsec_/)
  await page.getByRole('button', { name: 'I have noted it' }).click()
  await expect(page.getByText(/signs until/)).toBeVisible()
  expect((await destination()).signing_secrets).toHaveLength(2)
  await page.reload()
  await expect(page.getByText('signs now')).toBeVisible()
  expect(await page.content()).not.toContain(secret)
})

test('an issue says what fails, and its events are retried', async ({ page }) => {
  await gateway.until<{ data: unknown[] }>('/issues?kind=delivery', ({ data: issues }) => issues.length > 0)
  await page.goto(`${gateway.dashboard}/issues`)
  await page.getByRole('link', { name: 'Events of shop-warehouse fail: 503' }).click()
  await expect(page.getByText('The service fails on its side.')).toBeVisible()
  await accessible(page)
  await screenshot(page, 'issue')
  await page.getByRole('button', { name: 'Acknowledge' }).click()
  await expect(page.getByRole('list', { name: 'History' })).toContainText('Acknowledged')
  await page.getByRole('button', { name: 'Retry its events' }).click()
  await page.getByRole('button', { name: /^Retry \d+ events/ }).click()
  await expect(page.getByRole('region', { name: 'Bulk operation' })).toContainText('finished')
})

test('a key is made, is shown once, works, and is revoked', async ({ page }) => {
  await page.goto(`${gateway.dashboard}/settings`)
  await page.getByRole('button', { name: 'New key' }).click()
  await page.getByRole('textbox', { name: 'Name' }).fill('dashboard-test')
  await page.getByRole('radio', { name: /^operate/ }).check()
  await accessible(page)
  await page.getByRole('button', { name: 'Make it' }).click()
  const key = (await page.getByTestId('secret').textContent()) ?? ''
  expect(key).toMatch(/^hky_/)
  await page.getByRole('button', { name: 'I have noted it' }).click()
  await expect(page.getByText('dashboard-test')).toBeVisible()

  const asked = (path: string) =>
    fetch(`${gateway.admin}/api/v1${path}`, { headers: { Authorization: `Bearer ${key}` } })
  expect((await asked('/sources')).status).toBe(200)
  expect((await asked('/api_keys')).status).toBe(403)

  await page.getByRole('button', { name: 'More about dashboard-test' }).click()
  await page.getByRole('menuitem', { name: 'Delete…' }).click()
  await page.getByRole('button', { name: 'Delete it' }).click()
  await expect(page.getByText('dashboard-test is deleted')).toBeVisible()
  expect((await asked('/sources')).status).toBe(401)

  await page.getByRole('tab', { name: 'Audit log' }).click()
  await expect(page.getByText('api_key.delete').first()).toBeVisible()
  await accessible(page)
  await screenshot(page, 'audit-log')
})

test('an alert is made, its secret is shown once, and a sample reaches people', async ({ page }) => {
  const pager = await Sink.start()
  await page.goto(`${gateway.dashboard}/settings?tab=alerts`)
  await page.getByRole('button', { name: 'New alert' }).click()
  await page.getByRole('textbox', { name: 'Name' }).fill('paging')
  await page.getByRole('textbox', { name: 'URL' }).fill(pager.url)
  await page.getByRole('checkbox', { name: 'backlog' }).uncheck()
  await accessible(page)
  await page.getByRole('button', { name: 'Make it' }).click()
  await expect(page.getByTestId('secret')).toHaveText(/^whsec_/)
  await page.getByRole('button', { name: 'I have noted it' }).click()
  await page.getByRole('button', { name: 'Test' }).click()
  await expect(page.getByText('The sample was taken')).toBeVisible()
  expect(pager.deliveries[0]?.body).toContain('alert.test')
  await pager.stop()
})

test('metrics are narrowed by the URL, and a provider leads to a source', async ({ page }) => {
  await page.goto(`${gateway.dashboard}/charts?range=6h&destination_id=${data.destination}`)
  await expect(page.getByRole('button', { name: 'Of what: billing' })).toBeVisible()
  await expect(page.getByRole('img', { name: /^Requests per minute/ })).toBeVisible()
  await page.getByRole('button', { name: '24h' }).click()
  await expect(page).toHaveURL(/range=24h/)

  await page.goto(`${gateway.dashboard}/providers`)
  await page.getByRole('searchbox', { name: 'Search providers' }).fill('github')
  await page
    .getByRole('link', { name: /^GitHub/ })
    .first()
    .click()
  await expect(page.getByRole('heading', { name: 'What is verified' })).toBeVisible()
  await page.getByRole('button', { name: 'Make a source' }).click()
  await expect(page.getByRole('dialog')).toBeVisible()
  await accessible(page)
})
