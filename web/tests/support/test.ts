// What all tests have in common: a page that fails the test where its console shows an error, screenshots that are kept, and
// the check for accessibility.
import AxeBuilder from '@axe-core/playwright'
import { expect, test as base, type Page } from '@playwright/test'
import { mkdirSync } from 'node:fs'

export const SCREENSHOTS = 'test-results/screenshots'
mkdirSync(SCREENSHOTS, { recursive: true })

export const test = base.extend<{ allowed: RegExp[] }>({
  /** Errors of the console that a test provokes. */
  allowed: [[], { option: true }],
  page: async ({ page, allowed }, run) => {
    const errors: string[] = []
    page.on('console', (message) => {
      if (message.type() !== 'error' && message.type() !== 'warning') return
      const text = `${message.text()} ${message.location().url}`
      if (!allowed.some((pattern) => pattern.test(text))) errors.push(text)
    })
    page.on('pageerror', (error) => errors.push(String(error)))
    await run(page)
    expect(errors, 'the console has no errors').toEqual([])
  },
})

export { expect }

/** Of the theme that is shown, or with `themes` of both. */
export async function screenshot(page: Page, name: string, { themes = false } = {}) {
  await settled(page)
  const take = (path: string) =>
    page.screenshot({ path: `${SCREENSHOTS}/${path}.png`, animations: 'disabled' })
  if (!themes) {
    await take(name)
    return
  }
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme })
    await expect(page.locator('html')).toHaveAttribute('data-theme', colorScheme)
    await take(`${name}-${colorScheme}`)
  }
}

/** Typefaces and what is read are there. */
export async function settled(page: Page) {
  await page.evaluate(() => document.fonts.ready)
  await expect(
    page.locator('[role="status"][aria-label^="Loading"], [role="status"][aria-label="Counting"]'),
  ).toHaveCount(0)
}

/** No violation of WCAG 2.2 A and AA that a machine can find. */
export async function accessible(page: Page) {
  await settled(page)
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze()
  const found = violations.map((violation) => ({
    rule: violation.id,
    help: violation.help,
    at: violation.nodes.map((node) => `${node.target.join(' ')}: ${node.failureSummary ?? ''}`),
  }))
  expect(found).toEqual([])
}
