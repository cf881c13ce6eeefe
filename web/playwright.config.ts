// The dashboard in a real browser, against a real gateway that each file of tests starts for itself. `HOOKYARD_BIN` names the
// binary; `HOOKYARD_DASHBOARD=dist` takes the pages from `dist/` instead of the binary, for work on them.
import { defineConfig } from '@playwright/test'

/** Debian's; Playwright's own is never downloaded. */
const chromium = process.env.CHROMIUM ?? '/usr/bin/chromium'

export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results/runs',
  // Gateway, browser and sinks share the machine; one test at a time is steady and no slower on two cores.
  workers: 1,
  fullyParallel: false,
  forbidOnly: Boolean(process.env.CI),
  // One that fails in CI is tried once more, and told as flaky: a browser on a shared machine can be late.
  retries: process.env.CI ? 1 : 0,
  timeout: 120_000,
  expect: { timeout: 20_000 },
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    viewport: { width: 1280, height: 800 },
    actionTimeout: 20_000,
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    permissions: ['clipboard-read', 'clipboard-write'],
    launchOptions: {
      executablePath: chromium,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
})
