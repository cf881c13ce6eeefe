// The pages in the navigation, in the order of an event's way, with the key that follows `g`.
import type { IconName } from '@/ui/Icon'

export const PLACES = [
  { to: '/console', name: 'Console', icon: 'console', key: 'c' },
  { to: '/connections', name: 'Connections', icon: 'connections', key: 'n' },
  { to: '/requests', name: 'Requests', icon: 'requests', key: 'r' },
  { to: '/events', name: 'Events', icon: 'events', key: 'e' },
  { to: '/destinations', name: 'Destinations', icon: 'destinations', key: 'd' },
  { to: '/issues', name: 'Issues', icon: 'issues', key: 'i' },
  { to: '/charts', name: 'Metrics', icon: 'metrics', key: 'm' },
  { to: '/providers', name: 'Providers', icon: 'providers', key: 'p' },
  { to: '/settings', name: 'Settings', icon: 'settings', key: 's' },
] as const satisfies readonly { to: string; name: string; icon: IconName; key: string }[]
