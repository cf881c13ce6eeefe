// Every page, in both themes, on a desk and on a phone: it is there, accessible, without errors, and kept as a picture.
import { Gateway } from './support/gateway'
import { seed, type Seed } from './support/seed'
import { accessible, expect, screenshot, test } from './support/test'

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

type Visit = { name: string; path: () => string; heading: string | RegExp }

const VISITS: Visit[] = [
  { name: 'console', path: () => '/console', heading: 'Console' },
  { name: 'connections', path: () => '/connections', heading: 'Connections' },
  { name: 'connection', path: () => `/connections/${data.connection}`, heading: /./ },
  { name: 'connection-edit', path: () => `/connections/${data.connection}?tab=edit`, heading: /./ },
  {
    name: 'connection-executions',
    path: () => `/connections/${data.connection}?tab=executions`,
    heading: /./,
  },
  {
    name: 'connection-new',
    path: () => `/connections?new=1&source_id=${data.source}`,
    heading: 'New connection',
  },
  { name: 'requests', path: () => '/requests', heading: 'Requests' },
  { name: 'requests-open', path: () => `/requests?request=${data.request}`, heading: 'Requests' },
  { name: 'request', path: () => `/requests/${data.request}?tab=headers`, heading: 'Request' },
  { name: 'bookmarks', path: () => '/requests?bookmarks=true', heading: 'Bookmarks' },
  { name: 'events', path: () => '/events', heading: 'Events' },
  { name: 'events-open', path: () => `/events?event=${data.failed}`, heading: 'Events' },
  { name: 'event', path: () => `/events/${data.failed}`, heading: 'Event' },
  { name: 'events-none', path: () => '/events?state=cancelled', heading: 'Events' },
  { name: 'destinations', path: () => '/destinations', heading: 'Destinations' },
  { name: 'destination', path: () => `/destinations/${data.destination}`, heading: /./ },
  {
    name: 'destination-settings',
    path: () => `/destinations/${data.destination}?tab=settings`,
    heading: 'billing',
  },
  {
    name: 'destination-signing',
    path: () => `/destinations/${data.destination}?tab=signing`,
    heading: 'billing',
  },
  { name: 'issues', path: () => '/issues', heading: 'Issues' },
  { name: 'metrics', path: () => '/charts', heading: 'Metrics' },
  { name: 'providers', path: () => '/providers', heading: 'Providers' },
  { name: 'provider', path: () => '/providers?provider=stripe', heading: 'Providers' },
  { name: 'settings', path: () => '/settings', heading: 'Settings' },
  { name: 'alerts', path: () => '/settings?tab=alerts', heading: 'Settings' },
  { name: 'audit-log', path: () => '/settings?tab=audit', heading: 'Settings' },
  { name: 'configuration', path: () => '/settings?tab=effective', heading: 'Settings' },
  { name: 'not-found', path: () => '/no/such/page', heading: 'No such page' },
]

for (const theme of ['dark', 'light'] as const) {
  for (const [device, viewport] of [
    ['desk', { width: 1280, height: 800 }],
    ['phone', { width: 390, height: 844 }],
  ] as const) {
    test.describe(`${theme}, ${device}`, () => {
      test.use({ colorScheme: theme, viewport })
      for (const visit of VISITS) {
        test(visit.name, async ({ page }) => {
          await page.goto(gateway.dashboard + visit.path())
          if (visit.heading)
            await expect(page.getByRole('heading', { level: 1, name: visit.heading })).toBeVisible()
          else await expect(page.getByText('No such page')).toBeVisible()
          await expect(page.locator('html')).toHaveAttribute('data-theme', theme)
          // The phone has the same colours as the desk: one theme shows what is its own.
          if (device === 'desk' || theme === 'light') await accessible(page)
          await screenshot(page, `${visit.name}-${theme}-${device}`)
          const overflow = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)
          expect(overflow, 'the page is not wider than its window').toBe(false)
        })
      }
    })
  }
}
