// What is kept and told of what happened: bookmarks, what waits for a destination, the audit log, figures over time.
import { Gateway } from './support/gateway'
import { Sink } from './support/sink'
import { accessible, expect, screenshot, test } from './support/test'

type Made = { id: string; url: string }
type List<T> = { data: T[] }

let gateway: Gateway
let sink: Sink
let source: Made

test.beforeAll(async () => {
  gateway = await Gateway.start({ config: '[issues]\nbackpressure_age_max = "1s"\n' })
  sink = await Sink.start()
  source = await gateway.call<Made>('POST', '/sources', { name: 'shop', provider: 'none' })
})
test.afterAll(async () => {
  await gateway.stop()
  await sink.stop()
})

async function send(body: unknown): Promise<string> {
  const response = await fetch(source.url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  return ((await response.json()) as { request_id: string }).request_id
}

test('all bookmarks are found, and have a name and a note that can be changed', async ({ page }) => {
  const request_id = await send({ type: 'order.paid' })
  await gateway.until<List<unknown>>('/requests', ({ data }) => data.length > 0)
  const number = 130
  for (let at = 1; at <= number; at += 1)
    await gateway.call('POST', '/bookmarks', { request_id, name: `kept-${at}` })
  await page.goto(`${gateway.dashboard}/requests?bookmarks=true`)
  const table = page.getByRole('table', { name: 'Bookmarks' })
  await expect(table.getByRole('link', { name: `kept-${number}`, exact: true })).toBeVisible()
  await table.focus()
  // The end comes into sight twice: first that of a page, then that of the list.
  await expect(async () => {
    await page.keyboard.press('End')
    await expect(table.getByRole('link', { name: 'kept-1', exact: true })).toBeVisible({ timeout: 500 })
  }).toPass()
  await expect(table.getByText('130 bookmarks')).toBeVisible()

  await page.getByRole('button', { name: 'Edit kept-1', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Bookmark' })
  await dialog.getByRole('textbox', { name: 'Name' }).fill('the first order')
  await dialog.getByRole('textbox', { name: 'Note' }).fill('with a coupon')
  await accessible(page)
  await screenshot(page, 'bookmark', { themes: true })
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect(table.getByRole('link', { name: 'the first order' })).toBeVisible()
  await expect(table.getByText('with a coupon')).toBeVisible()

  await page.getByRole('button', { name: 'Edit the first order' }).click()
  await dialog.getByRole('button', { name: 'Forget it' }).click()
  await expect(table.getByText('129 bookmarks')).toBeVisible()
})

test('what waits for a destination is listed in each state that waits', async ({ page }) => {
  sink.status = 503
  const destination = await gateway.call<Made>('POST', '/destinations', { name: 'billing', url: sink.url })
  await gateway.call('POST', '/connections', {
    name: 'shop-billing',
    source_id: source.id,
    destination_id: destination.id,
    retry: { schedule: 'custom', waits_ms: [3_600_000] },
  })
  await send({ type: 'order.scheduled' })
  await gateway.until<List<unknown>>('/events?state=scheduled', ({ data }) => data.length === 1)
  await gateway.call('POST', `/destinations/${destination.id}/pause`)
  await send({ type: 'order.held' })
  await gateway.until<List<unknown>>('/events?state=held', ({ data }) => data.length === 1)
  const { data } = await gateway.until<List<Made>>(
    '/issues?kind=backpressure',
    (issues) => issues.data.length > 0,
  )
  await page.goto(`${gateway.dashboard}/issues/${data[0]?.id}`)
  const events = page.getByRole('main').getByRole('list').filter({ hasText: 'shop-billing' })
  await expect(events.getByText('scheduled', { exact: true })).toBeVisible()
  await expect(events.getByText('held', { exact: true })).toBeVisible()
  await accessible(page)
  await screenshot(page, 'issue-backlog', { themes: true })
  await page.getByRole('link', { name: 'All that are scheduled' }).click()
  await expect(page).toHaveURL(new RegExp(`destination_id=${destination.id}&state=scheduled`))
})

test('the audit log is short, and tells all when asked', async ({ page }) => {
  const code = `addHandler('transform', (request) => {\n${'  // a comment that is long\n'.repeat(20)}  return request\n})`
  const made = await gateway.call<Made>('POST', '/destinations', { name: 'audited', url: sink.url })
  const connection = await gateway.call<Made>('POST', '/connections', {
    name: 'audited',
    source_id: source.id,
    destination_id: made.id,
  })
  await gateway.call('PATCH', `/connections/${connection.id}`, {
    rules: [{ type: 'transform', code }],
    retry: { schedule: 'custom', waits_ms: [1_000] },
  })
  await page.goto(`${gateway.dashboard}/settings?tab=audit&action=connection.update`)
  const entry = page.getByRole('listitem').filter({ hasText: 'connection.update' }).first()
  await expect(entry.getByRole('link', { name: 'audited' })).toBeVisible()
  await expect(entry).toContainText('rules')
  await expect(entry).not.toContainText('addHandler')
  await entry.getByRole('button', { name: /rules/ }).click()
  await expect(entry).toContainText('return request')
  await accessible(page)
  await screenshot(page, 'audit-log-open', { themes: true })
})

test('a figure that stands alone between gaps is seen', async ({ page }) => {
  const at = Date.parse('2027-01-15T08:00:00.000Z')
  const points = Array.from({ length: 60 }, (_, index) => ({
    at: new Date(at + index * 60_000).toISOString(),
    requests_accepted: 0,
    requests_rejected: 0,
    events: 0,
    discarded: 0,
    attempts_successful: index === 30 ? 1 : 0,
    attempts_failed: 0,
    attempt_ms: index === 30 ? { p50: 20, p95: 20, p99: 20 } : null,
    delivery_ms: null,
    disk_bytes: null,
    oldest_undelivered_ms: null,
    undelivered: null,
  }))
  const [from, to] = ['2027-01-15T08:00:00.000Z', '2027-01-15T09:00:00.000Z']
  await page.route('**/api/v1/metrics/series*', (route) =>
    route.fulfill({ json: { from, to, step_ms: 60_000, points } }),
  )
  await page.goto(`${gateway.dashboard}/charts?from=${from}&to=${to}`)
  const chart = page.getByRole('img', { name: /^One attempt/ })
  await expect(chart).toBeVisible()
  // The dot is in the middle of the width: there the canvas is painted with more than the grid's grey.
  const coloured = await chart.locator('canvas').evaluate((canvas: HTMLCanvasElement) => {
    const context = canvas.getContext('2d')
    if (!context) return 0
    const { data } = context.getImageData(canvas.width * 0.4, 0, canvas.width * 0.3, canvas.height)
    let count = 0
    for (let at = 0; at < data.length; at += 4) {
      const [red = 0, green = 0, blue = 0, alpha = 0] = data.slice(at, at + 4)
      if (alpha > 200 && Math.max(red, green, blue) - Math.min(red, green, blue) > 60) count += 1
    }
    return count
  })
  expect(coloured).toBeGreaterThan(8)
  await chart.scrollIntoViewIfNeeded()
  await screenshot(page, 'charts-alone', { themes: true })
})
