// All routes. Each page is a file below `pages/` that is loaded when it is first gone to; what its URL may hold is said in
// its `search.ts`, which is loaded at once, as it is small.
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
  type ErrorComponentProps,
} from '@tanstack/react-router'
import * as queries from './api/queries'
import { consoleSearch } from './pages/console/search'
import { connectionsSearch } from './pages/connections/search'
import { destinationsSearch } from './pages/destinations/search'
import { eventsSearch } from './pages/events/search'
import { issuesSearch } from './pages/issues/search'
import { metricsSearch } from './pages/metrics/search'
import { providersSearch } from './pages/providers/search'
import { requestsSearch } from './pages/requests/search'
import { settingsSearch } from './pages/settings/search'
import { Shell } from './shell/Shell'
import { ButtonLink } from './ui/Button'
import { Page } from './ui/Page'
import { Empty, Failure } from './ui/States'
import { parseSearch, stringifySearch } from './url'

const root = createRootRoute({
  component: Shell,
  notFoundComponent: () => (
    <Page title="No such page">
      <Empty title="The line ends here" action={<ButtonLink to="/">To the first page</ButtonLink>}>
        The address may have been mistyped, or what it led to was renamed.
      </Empty>
    </Page>
  ),
})

function Crash({ error, reset }: ErrorComponentProps) {
  return <Failure error={error} retry={reset} />
}

/** An empty Hookyard begins at the console; one that is in use at what it is made of. */
const first = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: async () => {
    const connections = await queries.queryClient.ensureQueryData(queries.connections).catch(() => [])
    throw redirect({ to: connections.length > 0 ? '/connections' : '/console', replace: true })
  },
})

const consoleRoute = createRoute({
  getParentRoute: () => root,
  path: '/console',
  validateSearch: consoleSearch,
  component: lazyRouteComponent(() => import('./pages/console/ConsolePage'), 'ConsolePage'),
})
const connections = createRoute({
  getParentRoute: () => root,
  path: '/connections',
  validateSearch: connectionsSearch,
  component: lazyRouteComponent(() => import('./pages/connections/ConnectionsPage'), 'ConnectionsPage'),
})
const connection = createRoute({
  getParentRoute: () => root,
  path: '/connections/$id',
  validateSearch: connectionsSearch,
  component: lazyRouteComponent(() => import('./pages/connections/ConnectionPage'), 'ConnectionPage'),
})
const destinations = createRoute({
  getParentRoute: () => root,
  path: '/destinations',
  validateSearch: destinationsSearch,
  component: lazyRouteComponent(() => import('./pages/destinations/DestinationsPage'), 'DestinationsPage'),
})
const destination = createRoute({
  getParentRoute: () => root,
  path: '/destinations/$id',
  validateSearch: destinationsSearch,
  component: lazyRouteComponent(() => import('./pages/destinations/DestinationPage'), 'DestinationPage'),
})
const requests = createRoute({
  getParentRoute: () => root,
  path: '/requests',
  validateSearch: requestsSearch,
  component: lazyRouteComponent(() => import('./pages/requests/RequestsPage'), 'RequestsPage'),
})
const request = createRoute({
  getParentRoute: () => root,
  path: '/requests/$id',
  validateSearch: requestsSearch,
  component: lazyRouteComponent(() => import('./pages/requests/RequestPage'), 'RequestPage'),
})
const events = createRoute({
  getParentRoute: () => root,
  path: '/events',
  validateSearch: eventsSearch,
  component: lazyRouteComponent(() => import('./pages/events/EventsPage'), 'EventsPage'),
})
const event = createRoute({
  getParentRoute: () => root,
  path: '/events/$id',
  validateSearch: eventsSearch,
  component: lazyRouteComponent(() => import('./pages/events/EventPage'), 'EventPage'),
})
const issues = createRoute({
  getParentRoute: () => root,
  path: '/issues',
  validateSearch: issuesSearch,
  component: lazyRouteComponent(() => import('./pages/issues/IssuesPage'), 'IssuesPage'),
})
const issue = createRoute({
  getParentRoute: () => root,
  path: '/issues/$id',
  validateSearch: issuesSearch,
  component: lazyRouteComponent(() => import('./pages/issues/IssuePage'), 'IssuePage'),
})
// `/metrics` itself is for Prometheus.
const metrics = createRoute({
  getParentRoute: () => root,
  path: '/charts',
  validateSearch: metricsSearch,
  component: lazyRouteComponent(() => import('./pages/metrics/MetricsPage'), 'MetricsPage'),
})
const providers = createRoute({
  getParentRoute: () => root,
  path: '/providers',
  validateSearch: providersSearch,
  component: lazyRouteComponent(() => import('./pages/providers/ProvidersPage'), 'ProvidersPage'),
})
const settings = createRoute({
  getParentRoute: () => root,
  path: '/settings',
  validateSearch: settingsSearch,
  component: lazyRouteComponent(() => import('./pages/settings/SettingsPage'), 'SettingsPage'),
})

export const router = createRouter({
  routeTree: root.addChildren([
    first,
    consoleRoute,
    connections,
    connection,
    destinations,
    destination,
    requests,
    request,
    events,
    event,
    issues,
    issue,
    metrics,
    providers,
    settings,
  ]),
  parseSearch,
  stringifySearch,
  defaultPreload: 'intent',
  defaultErrorComponent: Crash,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
