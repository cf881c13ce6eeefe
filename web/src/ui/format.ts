// Times, sizes and numbers as people read them. Exact values stand in the tooltip of whatever shows one of these.

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const number = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })
const compactNumber = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })

/** `1,234`, as a whole. */
export function count(value: number): string {
  return number.format(value)
}

/** `1.2K`, where there is no room. */
export function compact(value: number): string {
  return value < 10_000 ? number.format(value) : compactNumber.format(value)
}

/** `1.2 KB`, in powers of 1,024 as the configuration has them. */
export function size(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`
  const units = ['KB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = -1
  do {
    value /= 1_024
    unit += 1
  } while (value >= 1_024 && unit < units.length - 1)
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}

/** `350 µs`, `1.2 ms`, `3 s`, `4 min 10 s`, `2 h`, `3 d`: two units at most. */
export function duration(ms: number): string {
  if (ms < 1) return `${Math.round(ms * 1_000)} µs`
  if (ms < 10) return `${Number(ms.toFixed(1))} ms`
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 10_000) return `${Number((ms / 1_000).toFixed(1))} s`
  if (ms < MINUTE) return `${Math.round(ms / 1_000)} s`
  if (ms < HOUR) return two(Math.round(ms / 1_000), 60, 'min', 's')
  if (ms < DAY) return two(Math.round(ms / MINUTE), 60, 'h', 'min')
  return two(Math.round(ms / HOUR), 24, 'd', 'h')
}

function two(value: number, per: number, large: string, small: string): string {
  const rest = value % per
  return `${Math.floor(value / per)} ${large}${rest ? ` ${rest} ${small}` : ''}`
}

/** `just now`, `12 s ago`, `in 5 min`. */
export function relative(at: string | number, now = Date.now()): string {
  const away = new Date(at).getTime() - now
  const distance = Math.abs(away)
  if (distance < 2_000) return 'just now'
  const text =
    distance < MINUTE
      ? `${Math.round(distance / 1_000)} s`
      : distance < HOUR
        ? `${Math.round(distance / MINUTE)} min`
        : distance < DAY
          ? `${Math.round(distance / HOUR)} h`
          : `${Math.round(distance / DAY)} d`
  return away > 0 ? `in ${text}` : `${text} ago`
}

const pad = (value: number, digits = 2) => String(value).padStart(digits, '0')

/** `14:03:12.345` in this browser's zone. */
export function clock(at: string | number, withMilliseconds = true): string {
  const date = new Date(at)
  const text = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`
  return withMilliseconds ? `${text}.${pad(date.getMilliseconds(), 3)}` : text
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

const sameDay = (a: Date, b: Date) =>
  a.getDate() === b.getDate() && a.getMonth() === b.getMonth() && a.getFullYear() === b.getFullYear()

/** `today`, `yesterday`, `12 Mar`, `12 Mar 2025`. By hand, as `Intl` is too slow for a table that moves. */
export function day(at: string | number, now = Date.now()): string {
  const date = new Date(at)
  const today = new Date(now)
  if (sameDay(date, today)) return 'today'
  if (sameDay(date, new Date(now - DAY))) return 'yesterday'
  const year = date.getFullYear() === today.getFullYear() ? '' : ` ${date.getFullYear()}`
  return `${date.getDate()} ${MONTHS[date.getMonth()]}${year}`
}

/** Both zones, for tooltips. */
export function exact(at: string | number): string {
  const date = new Date(at)
  const local = `${date.getDate()} ${MONTHS[date.getMonth()]} ${date.getFullYear()}, ${clock(at)}`
  return `${local} local\n${date.toISOString()}`
}

/** The end of an id, which is what tells ids apart at a glance. */
export function shortId(id: string): string {
  const [kind, rest] = [id.slice(0, id.indexOf('_') + 1), id.slice(id.indexOf('_') + 1)]
  return rest.length > 8 ? `${kind}…${rest.slice(-6)}` : id
}

/** `destination_gone` as `destination gone`. */
export function words(code: string): string {
  return code.replaceAll('_', ' ')
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`
}
