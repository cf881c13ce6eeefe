// What a key may not do is not offered. With each scope every button of every page is pressed, and none is refused.
import type { Locator, Page } from '@playwright/test'
import { Gateway } from './support/gateway'
import { seed, type Seed } from './support/seed'
import { accessible, expect, screenshot, settled, test } from './support/test'

let gateway: Gateway
let data: Seed
const keys: Record<string, string> = {}

test.beforeAll(async () => {
  gateway = await Gateway.start({ key: 'the-key-of-the-administrator' })
  data = await seed(gateway)
  await gateway.call('POST', '/alerts', {
    name: 'paging',
    channel: { type: 'webhook', url: 'http://127.0.0.1:9/pager' },
  })
  await gateway.until<{ data: unknown[] }>('/issues', (issues) => issues.data.length > 0)
  for (const scope of ['read', 'operate']) {
    const made = await gateway.call<{ key_generated: string }>('POST', '/api_keys', { name: scope, scope })
    keys[scope] = made.key_generated
  }
})
test.afterAll(async () => {
  await data.stop()
  await gateway.stop()
})

const PATHS: (() => string)[] = [
  () => '/console',
  () => '/connections',
  () => '/connections?new=1',
  () => `/connections/${data.connection}`,
  () => `/connections/${data.connection}?tab=edit`,
  () => `/connections/${data.connection}?tab=executions`,
  () => `/requests/${data.request}`,
  () => '/requests',
  () => '/requests?bookmarks=true',
  () => `/events/${data.failed}`,
  () => '/events?state=failed',
  () => '/destinations',
  () => '/destinations?new=1',
  () => `/destinations/${data.destination}`,
  () => `/destinations/${data.destination}?tab=settings`,
  () => `/destinations/${data.destination}?tab=signing`,
  () => '/issues',
  () => '/charts',
  () => '/providers?provider=stripe',
  () => '/settings',
  () => '/settings?tab=audit',
]

async function login(page: Page, scope: string) {
  const answer = await page.request.post(`${gateway.dashboard}/api/v1/session`, {
    data: { key: keys[scope] },
  })
  expect(answer.ok()).toBe(true)
}

/** Calls of the API that were refused, once all that were made are answered. */
function refusals(page: Page) {
  const refused: string[] = []
  const open = new Set<unknown>()
  page.on('request', (request) => {
    if (request.method() !== 'GET') open.add(request)
  })
  page.on('requestfailed', (request) => open.delete(request))
  page.on('response', (response) => {
    const request = response.request()
    open.delete(request)
    if (response.status() === 403) refused.push(`${request.method()} ${response.url()}`)
  })
  return async () => {
    await expect.poll(() => open.size).toBe(0)
    return refused
  }
}

/** Presses what goes on in a dialog, where one is open. */
async function goOn(page: Page) {
  const dialog = page.getByRole('dialog')
  if ((await dialog.count()) === 0) return
  const last = dialog.last().getByRole('button').last()
  if (await last.isEnabled()) await last.click({ timeout: 2_000 }).catch(() => {})
}

/** Presses a button, and each entry of the menu that it opens. */
async function press(page: Page, url: string, button: Locator) {
  const back = async () => {
    await page.keyboard.press('Escape')
    await page.keyboard.press('Escape')
    if (page.url() !== url || (await page.getByRole('dialog').count()) > 0) await page.goto(url)
    await settled(page)
  }
  await button.click({ timeout: 2_000 })
  const entries = page.getByRole('menuitem').and(page.locator(':not([data-disabled])'))
  const number = await entries.count()
  for (let at = 0; at < number; at += 1) {
    if (at > 0) await button.click({ timeout: 2_000 })
    await entries.nth(at).click()
    await goOn(page)
    await back()
  }
  if (number === 0) {
    await goOn(page)
    await back()
  }
}

async function pressEverything(page: Page, path: string) {
  const address = `${gateway.dashboard}${path}`
  await page.goto(address)
  await settled(page)
  const url = page.url()
  for (const key of 'abefnprxl') await page.keyboard.press(key)
  await page.goto(url)
  await settled(page)
  const buttons = page.getByRole('main').locator('button:enabled:visible')
  const pressed = new Set<string>()
  for (let at = 0; at < (await buttons.count()); at += 1) {
    const button = buttons.nth(at)
    // Rows repeat their buttons: of those that look the same but for names and numbers, one is enough.
    const kind = await button.evaluate((element) => {
      const repeats = element.closest('[role="row"], li') !== null && !element.className.includes('button')
      const icon = element.querySelector('path')?.getAttribute('d')
      return [element.className, icon, repeats ? '' : element.textContent?.replace(/\d+/g, '')].join()
    })
    if (pressed.has(kind)) continue
    pressed.add(kind)
    await press(page, url, button).catch((error: unknown) => {
      // It went away with what was pressed before.
      if (!String(error).includes('Timeout')) throw error
    })
  }
}

test('who may only read sees everything, and is offered nothing else', async ({ page }) => {
  await login(page, 'read')
  await page.goto(`${gateway.dashboard}/console`)
  await expect(page.getByRole('heading', { name: 'Inbox' })).toBeVisible()
  for (const name of ['New source', 'Change this source', /^Send a/, 'Forward it to…', 'Replay'])
    await expect(page.getByRole('button', { name })).toHaveCount(0)

  await page.goto(`${gateway.dashboard}/destinations/${data.destination}?tab=settings`)
  await expect(page.getByText('Changing this takes a key with the scope admin')).toBeVisible()
  await expect(page.getByRole('textbox', { name: 'URL' })).toBeDisabled()
  for (const name of ['Save', 'Pause']) await expect(page.getByRole('button', { name })).toHaveCount(0)
  await accessible(page)
  await screenshot(page, 'destination-settings-read', { themes: true })

  await page.goto(`${gateway.dashboard}/connections/${data.connection}?tab=edit`)
  await expect(page.getByRole('textbox', { name: 'Name' })).toBeDisabled()
  await expect(page.getByRole('textbox', { name: 'Condition' })).toHaveAttribute('aria-readonly', 'true')
  await expect(page.getByRole('button', { name: 'Save' })).toHaveCount(0)

  await page.goto(`${gateway.dashboard}/settings`)
  await expect(page.getByRole('tab')).toHaveText(['Alerts'])
  await expect(page.getByText('paging')).toBeVisible()
  for (const name of ['New alert', 'Test', 'More about paging'])
    await expect(page.getByRole('button', { name })).toHaveCount(0)
})

test('who may operate acts on events, and tries rules without saving them', async ({ page }) => {
  await login(page, 'operate')
  await page.goto(`${gateway.dashboard}/events/${data.failed}`)
  await page.getByRole('button', { name: 'Retry', exact: true }).click()
  await expect(page.getByText('Queued again')).toBeVisible()

  await page.goto(`${gateway.dashboard}/destinations`)
  await expect(page.getByRole('button', { name: 'New destination' })).toHaveCount(0)
  await expect(page.getByRole('button', { name: /^(Pause|Resume) billing$/ })).toBeVisible()

  await page.goto(`${gateway.dashboard}/connections/${data.connection}?tab=edit`)
  await expect(page.getByText('it can be looked at and tried out, and not saved')).toBeVisible()
  await page.getByRole('textbox', { name: 'Condition' }).fill('{"body": {"type": "nothing.like.it"}}')
  await expect(page.getByText('The sample is discarded here')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Save' })).toHaveCount(0)
  await screenshot(page, 'connection-edit-operate', { themes: true })
})

test.describe('with a refusal', () => {
  test.use({ allowed: [/status of 403/] })
  test('a scope that is taken away is gone from the page as well', async ({ page }) => {
    const made = await gateway.call<{ id: string; key_generated: string }>('POST', '/api_keys', {
      name: 'demoted',
      scope: 'operate',
    })
    keys.demoted = made.key_generated
    await login(page, 'demoted')
    await page.goto(`${gateway.dashboard}/destinations/${data.destination}`)
    const pause = page.getByRole('button', { name: 'Pause', exact: true })
    await expect(pause).toBeVisible()
    await gateway.call('PATCH', `/api_keys/${made.id}`, { scope: 'read' })
    await pause.click()
    await expect(page.getByRole('region', { name: 'Messages' })).toContainText('Not paused')
    await expect(pause).toHaveCount(0)
  })
})

// Last, as it leaves nothing as it was.
for (const scope of ['read', 'operate']) {
  test(`no button leads a key that may ${scope} to a refusal`, async ({ page }) => {
    test.setTimeout(600_000)
    await login(page, scope)
    const refused = refusals(page)
    for (const path of PATHS) {
      await test.step(path(), async () => {
        await pressEverything(page, path())
        expect(await refused()).toEqual([])
      })
    }
  })
}
