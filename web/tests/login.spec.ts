// A gateway that asks who one is: the login, and the way out. What is offered to which scope is in scopes.spec.ts.
import { Gateway } from './support/gateway'
import { accessible, expect, screenshot, test } from './support/test'

const KEY = 'the-key-of-the-administrator'
let gateway: Gateway

test.beforeAll(async () => {
  gateway = await Gateway.start({ key: KEY })
})
test.afterAll(async () => {
  await gateway.stop()
})

// A refused login is an error of the network to the browser, too.
test.use({ allowed: [/status of 401 .*\/api\/v1\//] })

test('nothing is shown without a key, and everything with the right one', async ({ page }) => {
  await page.goto(`${gateway.dashboard}/events?state=failed`)
  await expect(page.getByRole('heading', { name: 'Log in to Hookyard' })).toBeVisible()
  await accessible(page)
  await screenshot(page, 'login')

  await page.getByLabel('Key').fill('not-the-key')
  await page.getByRole('button', { name: 'Log in' }).click()
  await expect(page.getByLabel('Key')).toHaveAttribute('aria-invalid', 'true')

  await page.getByLabel('Key').fill(KEY)
  await page.getByRole('button', { name: 'Log in' }).click()
  // Where one wanted to go, with the filter.
  await expect(page.getByRole('heading', { level: 1, name: 'Events' })).toBeVisible()
  await expect(page).toHaveURL(/state=failed/)
  const cookies = await page.context().cookies()
  expect(cookies.find((cookie) => cookie.name === 'hookyard_session')).toMatchObject({
    httpOnly: true,
    sameSite: 'Strict',
  })

  await page.reload()
  await expect(page.getByRole('heading', { level: 1, name: 'Events' })).toBeVisible()
  await page.getByTitle('Scope: admin').click()
  await page.getByRole('menuitem', { name: 'Log out' }).click()
  await expect(page.getByRole('heading', { name: 'Log in to Hookyard' })).toBeVisible()
})

test.describe('somebody who looks on', () => {
  // Everything but the stream and the question who one is fails, so that nothing else can tell.
  test.use({ allowed: [/(status of 401|ERR_FAILED) .*\/api\/v1\//] })

  test('is told at once that the session has ended elsewhere', async ({ page }) => {
    await page.goto(`${gateway.dashboard}/events`)
    await page.getByLabel('Key').fill(KEY)
    const listening = page.waitForResponse(/\/api\/v1\/live/)
    await page.getByRole('button', { name: 'Log in' }).click()
    await listening
    await page.route(/\/api\/v1\/(?!session)/, (route) => route.abort())
    const origin = gateway.dashboard
    const loggedOut = await page.request.delete(`${origin}/api/v1/session`, { headers: { origin } })
    expect(loggedOut.ok(), await loggedOut.text()).toBe(true)
    await expect(page.getByRole('heading', { name: 'Log in to Hookyard' })).toBeVisible()
  })
})
