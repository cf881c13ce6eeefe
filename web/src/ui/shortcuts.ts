// Keyboard shortcuts. Whoever has some says so while it is on the page; the help sheet lists what holds at this moment.
// A shortcut is one key (`j`, `?`), two in a row (`g r`), or with Ctrl or ⌘ (`mod+k`). Typing in a field triggers none,
// except those with `mod`.
import { useMay } from '@/api/may'
import type { Scope } from '@/api/types'
import { useEffect, useLayoutEffect, useRef, useSyncExternalStore } from 'react'

/** With `needs` it holds only for those who have that scope. */
export type Shortcut = { keys: string; label: string; run: () => void; needs?: Scope }
type Group = { id: number; title: string; shortcuts: { current: Shortcut[] } }

/** How long after the first key of two the second one counts. */
const SEQUENCE_MS = 900

let groups: readonly Group[] = []
let nextId = 1
const listeners = new Set<() => void>()

function change(next: readonly Group[]) {
  groups = next
  for (const listener of listeners) listener()
}

export function useShortcuts(title: string, shortcuts: Shortcut[]) {
  const may = useMay()
  const offered = shortcuts.filter((shortcut) => may(shortcut.needs))
  const current = useRef(offered)
  useLayoutEffect(() => {
    current.current = offered
  })
  useEffect(() => {
    const group: Group = { id: nextId++, title, shortcuts: current }
    change([...groups, group])
    return () => change(groups.filter((other) => other.id !== group.id))
  }, [title])
}

/** All that hold now, by group, for the help sheet. */
export function useShortcutGroups(): readonly Group[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => groups,
  )
}

let first: { key: string; at: number } | null = null

/** The one listener for keys, started by the shell. */
export function listen(): () => void {
  const onKeyDown = (event: KeyboardEvent) => {
    const mod = event.metaKey || event.ctrlKey
    if (event.altKey || event.defaultPrevented || event.isComposing) return
    if (!mod && isTyping(event.target)) return
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
    const before = first && event.timeStamp - first.at < SEQUENCE_MS ? `${first.key} ${key}` : null
    const names = mod ? [`mod+${key}`] : before ? [before, key] : [key]
    first = mod ? null : { key, at: event.timeStamp }
    for (const name of names) {
      const found = find(name)
      if (!found) continue
      event.preventDefault()
      first = null
      found.run()
      return
    }
  }
  window.addEventListener('keydown', onKeyDown)
  return () => window.removeEventListener('keydown', onKeyDown)
}

/** What came onto the page last goes first. */
function find(name: string): Shortcut | undefined {
  for (const group of [...groups].reverse()) {
    const found = group.shortcuts.current.find((shortcut) => shortcut.keys === name)
    if (found) return found
  }
  return undefined
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (document.querySelector('[role="dialog"], [role="alertdialog"]')?.contains(target)) return true
  if (target.isContentEditable || target.closest('[role="menu"], [role="listbox"]')) return true
  return target.matches('textarea, select, input:not([type="checkbox"]):not([type="radio"])')
}

const MAC = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.userAgent)

/** Keys as they are printed on them. */
export function keyNames(keys: string): string[] {
  return keys
    .split(' ')
    .flatMap((part) =>
      part.split('+').map((key) => NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key)),
    )
}
const NAMES: Record<string, string> = { mod: MAC ? '⌘' : 'Ctrl', Escape: 'Esc', Enter: '↵' }
