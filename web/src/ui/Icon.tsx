// The icons, drawn for this product on a grid of 16, and the mark. They decorate: whoever uses one names the thing in words.
import type { ReactNode } from 'react'

const PATHS = {
  console: 'M2.5 4.5 6 8l-3.5 3.5M8 12h5.5',
  connections: 'M3 13V3M3 9.5c0-3.5 8-2.5 8-6M13 3.5a2 2 0 1 1-4 0 2 2 0 0 1 4 0',
  destinations: 'M2.5 8h8M7.5 4.5 11 8l-3.5 3.5M13.5 3v10',
  requests: 'M13.5 8h-8M8.5 4.5 5 8l3.5 3.5M2.5 3v10',
  events: 'M2.5 4h11M2.5 8h11M2.5 12h7',
  issues: 'M8 2.5 14 13H2L8 2.5ZM8 6.5v3M8 11.2v.1',
  metrics: 'M2.5 13.5v-4M6.2 13.5v-8M9.8 13.5V8M13.5 13.5v-11',
  providers: 'M2.5 2.5h4.5V7H2.5ZM9 2.5h4.5V7H9ZM2.5 9H7v4.5H2.5ZM9 9h4.5v4.5H9Z',
  settings:
    'M2.5 4.5h6M12 4.5h1.5M2.5 11.5H4M7.5 11.5h6M12 4.5a1.75 1.75 0 1 1-3.5 0 1.75 1.75 0 0 1 3.5 0M7.5 11.5a1.75 1.75 0 1 1-3.5 0 1.75 1.75 0 0 1 3.5 0',
  search: 'M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM10.5 10.5 14 14',
  close: 'm3.5 3.5 9 9M12.5 3.5l-9 9',
  check: 'm3 8.5 3.5 3.5L13 4.5',
  copy: 'M5.5 5.5h8v8h-8ZM10.5 5.5v-3h-8v8h3',
  down: 'm4 6 4 4 4-4',
  right: 'm6 4 4 4-4 4',
  left: 'm10 4-4 4 4 4',
  up: 'm4 10 4-4 4 4',
  plus: 'M8 3v10M3 8h10',
  minus: 'M3 8h10',
  more: 'M3.5 8h.01M8 8h.01M12.5 8h.01',
  retry: 'M13 3v3.5H9.5M12.7 6.3A5.2 5.2 0 1 0 13.2 9',
  replay: 'M3 3v3.5h3.5M3.3 6.3A5.2 5.2 0 1 1 2.8 9M6.8 6.3 10 8.2l-3.2 2Z',
  cancel: 'M8 13.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11ZM4.2 4.2l7.6 7.6',
  bookmark: 'M4 2.5h8v11L8 10.5l-4 3Z',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  play: 'M5 3v10l8-5Z',
  live: 'M8 8h.01M5.2 10.8a4 4 0 0 1 0-5.6M10.8 5.2a4 4 0 0 1 0 5.6M3 13a7.2 7.2 0 0 1 0-10M13 3a7.2 7.2 0 0 1 0 10',
  filter: 'M2 3.5h12M4.5 8h7M6.5 12.5h3',
  sun: 'M8 10.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6ZM8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9',
  moon: 'M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7Z',
  system: 'M2 3h12v8H2ZM6 13.5h4',
  menu: 'M2.5 4.5h11M2.5 8h11M2.5 11.5h11',
  keyboard: 'M1.5 4h13v8h-13ZM4 6.5h.01M6.7 6.5h.01M9.3 6.5h.01M12 6.5h.01M4.5 9.5h7',
  external: 'M6.5 3H3v10h10V9.5M9.5 2.5h4v4M13.5 2.5 7.5 8.5',
  send: 'M14 2 2 7l4.5 2.2L8.8 14 14 2ZM6.5 9.2 14 2',
  shield: 'M8 1.8 13 3.6v4c0 3.2-2 5.4-5 6.6-3-1.2-5-3.4-5-6.6v-4Z',
  lock: 'M3.5 7h9v6.5h-9ZM5.5 7V5a2.5 2.5 0 0 1 5 0v2',
  trash: 'M2.5 4.5h11M6 4.5V2.5h4v2M4 4.5l.6 9h6.8l.6-9',
  edit: 'm10.5 3 2.5 2.5-7.5 7.5H3v-2.5ZM9 4.5 11.5 7',
  download: 'M8 2.5v8M4.5 7.5 8 11l3.5-3.5M2.5 13.5h11',
  clock: 'M8 13.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11ZM8 5v3.2l2 1.3',
  expand: 'M9.5 2.5h4v4M6.5 13.5h-4v-4M13 3 9 7M3 13l4-4',
  code: 'm5.5 4.5-3.5 3.5 3.5 3.5M10.5 4.5 14 8l-3.5 3.5',
  logout: 'M6 3H3v10h3M10 5l3 3-3 3M13 8H6.5',
  bell: 'M4 11V7a4 4 0 0 1 8 0v4l1 1.2H3ZM6.8 13.8h2.4',
  eye: 'M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8ZM8 9.8a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6Z',
  list: 'M5.5 4h8M5.5 8h8M5.5 12h8M2.5 4h.01M2.5 8h.01M2.5 12h.01',
} as const

export type IconName = keyof typeof PATHS

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.5}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  )
}

/** The mark: a track, the switch that leaves it, and a signal at clear. */
export function Mark({ size = 22 }: { size?: number }): ReactNode {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" fill="none" aria-hidden="true" focusable="false">
      <path
        d="M6 21.5v-19M6 16c0-5 11-3.2 11-9.5"
        stroke="currentColor"
        strokeWidth="2.6"
        strokeLinecap="round"
      />
      <circle cx="17" cy="5.2" r="3.2" fill="var(--green)" />
    </svg>
  )
}
