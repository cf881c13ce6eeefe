// Forms have every field that the API has, keep what was saved, and show what is wrong where it is wrong.
import { Gateway } from './support/gateway'
import { Sink } from './support/sink'
import { accessible, expect, screenshot, test } from './support/test'

type Made = { id: string; url: string }

let gateway: Gateway

test.beforeAll(async () => {
  gateway = await Gateway.start()
})
test.afterAll(async () => {
  await gateway.stop()
})

/** What is configured under this name, as the API shows it. */
async function named<T>(resource: string, name: string): Promise<T> {
  const { data } = await gateway.call<{ data: (T & { name: string })[] }>('GET', `/${resource}`)
  const found = data.find((item) => item.name === name)
  if (!found) throw new Error(`${resource} has no ${name}`)
  return found
}

test.describe('with answers that are errors', () => {
  test.use({ allowed: [/status of 422/] })
  test('a source has a token, a URL, methods, several secrets and an answer of its own', async ({ page }) => {
    await page.goto(`${gateway.dashboard}/console`)
    await page.getByRole('button', { name: 'New source' }).click()
    const dialog = page.getByRole('dialog', { name: 'New source' })
    const field = (name: string) => dialog.getByRole('textbox', { name })
    await dialog.getByRole('button', { name: /^Provider/ }).click()
    await page.getByRole('combobox', { name: 'Provider' }).fill('github')
    await page
      .getByRole('option', { name: /^GitHub/ })
      .first()
      .click()
    await field('Name').fill('orders')
    await field('Secret').first().fill('the new secret')
    await dialog.getByRole('button', { name: 'Another one that is accepted too' }).click()
    await field('Another').fill('the old secret')

    await dialog.getByRole('button', { name: 'Token, public URL, methods, answer' }).click()
    await field('Token').fill('not a token')
    await field('Public URL').fill('https://www.example.com/hooks/orders')
    await field('Methods').fill('post, put')
    await dialog.getByRole('switch', { name: 'An answer of its own' }).click()
    await dialog.getByRole('spinbutton', { name: 'Status' }).fill('202')
    await field('Content-Type').fill('text/plain')
    await field('Body').fill('thank you')
    await accessible(page)
    await screenshot(page, 'source-new', { themes: true })

    await dialog.getByRole('button', { name: 'Make it' }).click()
    await expect(field('Token')).toHaveAttribute('aria-invalid', 'true')
    await field('Token').fill('orders')
    await dialog.getByRole('button', { name: 'Make it' }).click()
    await expect(dialog).toBeHidden()
    expect(await named('sources', 'orders')).toMatchObject({
      token: 'orders',
      public_url: 'https://www.example.com/hooks/orders',
      methods: ['POST', 'PUT'],
      answer: { status: 202, content_type: 'text/plain', body: 'thank you' },
    })
    expect((await named<{ secrets: unknown[] }>('sources', 'orders')).secrets).toHaveLength(2)

    await test.step('what is particular about it is there again, and can go', async () => {
      await page.getByRole('button', { name: 'Change this source' }).click()
      const again = page.getByRole('dialog', { name: 'Source orders' })
      await expect(again.getByRole('textbox', { name: 'Methods' })).toHaveValue('POST, PUT')
      await expect(again.getByRole('textbox', { name: 'Body' })).toHaveValue('thank you')
      await again.getByRole('textbox', { name: 'Public URL' }).fill('')
      await again.getByRole('textbox', { name: 'Methods' }).fill('')
      await again.getByRole('switch', { name: 'An answer of its own' }).click()
      await again.getByRole('button', { name: 'Save' }).click()
      await expect(again).toBeHidden()
      const source = await named<{ secrets: unknown[] }>('sources', 'orders')
      expect(source).toMatchObject({ public_url: null, methods: [], answer: null, token: 'orders' })
      // Secrets that nobody wrote anew stay.
      expect(source.secrets).toHaveLength(2)
    })
  })

  test('a destination begins paused with a secret of its own, and what is wrong is in sight', async ({
    page,
  }) => {
    const secret = `whsec_${Buffer.from('twenty-four bytes exactly').toString('base64')}`
    await page.goto(`${gateway.dashboard}/destinations?new=1`)
    const dialog = page.getByRole('dialog', { name: 'New destination' })
    await dialog.getByRole('textbox', { name: 'Name' }).fill('billing')
    await dialog.getByRole('textbox', { name: 'URL' }).fill('http://127.0.0.1:9/webhooks')
    await dialog.getByRole('button', { name: 'Speed, timeouts, breaker, signing' }).click()
    await dialog.getByRole('textbox', { name: 'Signing secrets' }).fill('not-a-secret')
    await dialog.getByRole('switch', { name: /^Begin paused/ }).click()
    await dialog.getByRole('button', { name: 'Make it' }).click()
    await expect(dialog.getByRole('textbox', { name: 'Signing secrets' })).toHaveAttribute(
      'aria-invalid',
      'true',
    )
    await accessible(page)
    await screenshot(page, 'destination-new', { themes: true })
    await dialog.getByRole('textbox', { name: 'Signing secrets' }).fill(secret)
    await dialog.getByRole('button', { name: 'Make it' }).click()
    // A secret that was brought is not shown back: it goes straight to the destination.
    await expect(page.getByRole('heading', { level: 1, name: 'billing' })).toBeVisible()
    await expect(page.getByText('It is paused')).toBeVisible()

    await page.getByRole('tab', { name: 'Signing' }).click()
    await page.getByRole('button', { name: 'Rotate the secret' }).click()
    await page.getByRole('button', { name: 'One of your own' }).click()
    await page.getByRole('textbox', { name: 'Secret' }).fill('nor-is-this')
    await page.getByRole('button', { name: 'Rotate', exact: true }).click()
    await expect(page.getByRole('textbox', { name: 'Secret' })).toHaveAttribute('aria-invalid', 'true')
    await page
      .getByRole('textbox', { name: 'Secret' })
      .fill(`whsec_${Buffer.from('another twenty-four bytes').toString('base64')}`)
    await page.getByRole('button', { name: 'Rotate', exact: true }).click()
    await page.getByRole('button', { name: 'I have noted it' }).click()
    await expect(page.getByText(/signs until/)).toBeVisible()
  })

  test('a connection begins disabled, and its schedule says what is wrong with it', async ({ page }) => {
    const sink = await Sink.start()
    const source = await gateway.call<Made>('POST', '/sources', { name: 'desk', provider: 'none' })
    const destination = await gateway.call<Made>('POST', '/destinations', { name: 'press', url: sink.url })
    await page.goto(
      `${gateway.dashboard}/connections?new=1&source_id=${source.id}&destination_id=${destination.id}`,
    )
    await page.getByRole('textbox', { name: 'Name' }).fill('desk-to-press')
    await page.getByRole('switch', { name: /^Enabled/ }).click()
    const only = page.getByRole('textbox', { name: 'Retry only on' })
    await only.fill('whatever')
    await page.getByRole('button', { name: 'Connect', exact: true }).click()
    await expect(only).toHaveAttribute('aria-invalid', 'true')
    await only.fill('500-599, timeout')
    await page.getByRole('button', { name: 'Connect', exact: true }).click()
    await expect(page.getByText('It is disabled by hand')).toBeVisible()
    await sink.stop()
  })

  test('an alert is made off, with a secret of its own', async ({ page }) => {
    await page.goto(`${gateway.dashboard}/settings?tab=alerts`)
    await page.getByRole('button', { name: 'New alert' }).click()
    const dialog = page.getByRole('dialog', { name: 'New alert' })
    await dialog.getByRole('textbox', { name: 'Name' }).fill('paging')
    await dialog.getByRole('textbox', { name: 'URL' }).fill('http://127.0.0.1:9/pager')
    await dialog.getByRole('textbox', { name: 'Signing secret' }).fill('not-a-secret')
    await dialog.getByRole('switch', { name: /^On:/ }).click()
    await dialog.getByRole('button', { name: 'Make it' }).click()
    await expect(dialog.getByRole('textbox', { name: 'Signing secret' })).toHaveAttribute(
      'aria-invalid',
      'true',
    )
    await accessible(page)
    await screenshot(page, 'alert-new', { themes: true })
    await dialog
      .getByRole('textbox', { name: 'Signing secret' })
      .fill(`whsec_${Buffer.from('twenty-four bytes exactly').toString('base64')}`)
    await dialog.getByRole('button', { name: 'Make it' }).click()
    await expect(dialog).toBeHidden()
    expect(await named('alerts', 'paging')).toMatchObject({ enabled: false, channel: { type: 'webhook' } })
  })
})
