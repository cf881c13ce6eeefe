// Dark, light, or as the system has it. `public/theme.js` puts the choice on the page before this is loaded.
import { useSyncExternalStore } from 'react'

export type Theme = 'system' | 'dark' | 'light'
const KEY = 'hookyard.theme'
const media = window.matchMedia('(prefers-color-scheme: dark)')
const listeners = new Set<() => void>()

function read(): Theme {
  try {
    const value = localStorage.getItem(KEY)
    return value === 'dark' || value === 'light' ? value : 'system'
  } catch {
    return 'system'
  }
}

let choice = read()

function show() {
  const dark = choice === 'dark' || (choice === 'system' && media.matches)
  document.documentElement.dataset.theme = dark ? 'dark' : 'light'
  for (const listener of listeners) listener()
}
media.addEventListener('change', show)

export function setTheme(next: Theme) {
  choice = next
  try {
    if (next === 'system') localStorage.removeItem(KEY)
    else localStorage.setItem(KEY, next)
  } catch {
    // It holds until the page is closed.
  }
  show()
}

const subscribe = (listener: () => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, () => choice)
}

/** Which of the two is on the page, for what cannot take its colours from CSS. */
export function useShownTheme(): 'dark' | 'light' {
  return useSyncExternalStore(subscribe, () =>
    document.documentElement.dataset.theme === 'light' ? 'light' : 'dark',
  )
}

/** The theme that is not on the page. */
export function switchTheme() {
  setTheme(document.documentElement.dataset.theme === 'light' ? 'dark' : 'light')
}
