// Saved views: filters with a name, kept in this browser.
import { useSyncExternalStore } from 'react'

export type View = { name: string; search: Record<string, string> }
type Resource = 'requests' | 'events'

const key = (resource: Resource) => `hookyard.views.${resource}`
const listeners = new Set<() => void>()
const cache: Partial<Record<Resource, View[]>> = {}

function read(resource: Resource): View[] {
  const known = cache[resource]
  if (known) return known
  let views: View[] = []
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(key(resource)) ?? '[]')
    if (Array.isArray(stored)) views = stored.filter(isView)
  } catch {
    // Something else stands there, or there is no storage: no views.
  }
  cache[resource] = views
  return views
}

function isView(value: unknown): value is View {
  return typeof value === 'object' && value !== null && 'name' in value && 'search' in value
}

function write(resource: Resource, views: View[]) {
  cache[resource] = views
  try {
    localStorage.setItem(key(resource), JSON.stringify(views))
  } catch {
    // They hold until the page is closed.
  }
  for (const listener of listeners) listener()
}

export function useViews(resource: Resource) {
  const views = useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => read(resource),
  )
  return {
    views,
    save: (view: View) => write(resource, [...views.filter((other) => other.name !== view.name), view]),
    forget: (name: string) =>
      write(
        resource,
        views.filter((view) => view.name !== name),
      ),
  }
}
