// A span of time as people write it: `5s`, `10 min`, `1h 30m`, `3d`. What it comes to is known to the caller in milliseconds.
import { useEffect, useState } from 'react'
import { Input } from './Field'

const UNITS: Record<string, number> = {
  ms: 1,
  s: 1_000,
  sec: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/** Milliseconds, or nothing where it is no span of time. A number without a unit is seconds. */
export function parseDuration(text: string): number | null {
  const parts = [
    ...text
      .trim()
      .toLowerCase()
      .matchAll(/(\d+(?:\.\d+)?)\s*([a-z]*)/g),
  ]
  if (
    parts.length === 0 ||
    parts
      .map(([whole]) => whole)
      .join('')
      .replaceAll(' ', '') !== text.toLowerCase().replaceAll(' ', '')
  )
    return null
  let sum = 0
  for (const [, number, unit] of parts) {
    const factor = UNITS[unit === '' ? 's' : (unit ?? '')]
    if (factor === undefined) return null
    sum += Number(number) * factor
  }
  return Math.round(sum)
}

/** The shortest way to write it exactly: `90s` as `1m 30s`. */
export function writeDuration(ms: number): string {
  const parts: string[] = []
  let rest = ms
  for (const [unit, size] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1_000],
    ['ms', 1],
  ] as const) {
    const whole = Math.floor(rest / size)
    if (whole > 0) parts.push(`${whole}${unit}`)
    rest -= whole * size
  }
  return parts.join(' ') || '0s'
}

type Props = {
  value: number | null
  onChange: (ms: number | null) => void
  placeholder?: string
  id?: string
  'aria-label'?: string
  'aria-describedby'?: string
  'aria-invalid'?: true
  disabled?: boolean
}

export function DurationInput({ value, onChange, placeholder = '5m', ...rest }: Props) {
  const [text, setText] = useState(value === null ? '' : writeDuration(value))
  // A change from elsewhere is shown, but what is being typed is left alone.
  useEffect(() => {
    setText((before) =>
      parseDuration(before) === value ? before : value === null ? '' : writeDuration(value),
    )
  }, [value])
  const wrong = text.trim() !== '' && parseDuration(text) === null
  return (
    <Input
      {...rest}
      value={text}
      placeholder={placeholder}
      aria-invalid={wrong || rest['aria-invalid'] ? true : undefined}
      title={wrong ? 'Write it like 30s, 5m, 2h or 3d' : undefined}
      onChange={(event) => {
        setText(event.target.value)
        const ms = parseDuration(event.target.value)
        if (ms !== null || event.target.value.trim() === '') onChange(ms)
      }}
      onBlur={() => setText(value === null ? '' : writeDuration(value))}
    />
  )
}
