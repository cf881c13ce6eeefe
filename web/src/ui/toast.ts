// Short messages at the edge of the screen. They are said to screen readers too, stay while the pointer is over them, and
// are never the only place where something important stands.
import { describe } from '@/api/problem'

export type Toast = { id: number; tone: 'good' | 'bad' | 'plain'; title: string; detail: string | null }

let next = 1
let toasts: readonly Toast[] = []
const listeners = new Set<() => void>()

/** More would cover the page. */
const TOASTS_MAX = 4

function add(tone: Toast['tone'], title: string, detail: string | null) {
  toasts = [...toasts, { id: next++, tone, title, detail }].slice(-TOASTS_MAX)
  for (const listener of listeners) listener()
}

export const toast = {
  good: (title: string, detail: string | null = null) => add('good', title, detail),
  plain: (title: string, detail: string | null = null) => add('plain', title, detail),
  error: (title: string, detail: string | null = null) => add('bad', title, detail),
  /** What went wrong, in the gateway's own words. */
  problem: (title: string, error: unknown) => add('bad', title, describe(error)),
}

export const toastStore = {
  get: () => toasts,
  subscribe: (listener: () => void) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
  dismiss: (id: number) => {
    toasts = toasts.filter((item) => item.id !== id)
    for (const listener of listeners) listener()
  },
}
