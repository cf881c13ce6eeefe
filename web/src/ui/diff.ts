// What changed between two texts, line by line.

export type DiffLine = { kind: 'same' | 'gone' | 'new'; text: string } | { kind: 'skipped'; lines: number }

/** Beyond so many pairs of lines to compare, what differs is shown as replaced as a whole. */
const PAIRS_MAX = 4_000_000
/** So many lines that stay the same are shown around what changed. */
const AROUND = 3

export function diff(before: string, after: string): DiffLine[] {
  const a = before.split('\n')
  const b = after.split('\n')
  let head = 0
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1
  let tail = 0
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail += 1
  const lines: DiffLine[] = [
    ...a.slice(0, head).map((text) => ({ kind: 'same' as const, text })),
    ...between(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...a.slice(a.length - tail).map((text) => ({ kind: 'same' as const, text })),
  ]
  return fold(lines)
}

/** The longest common subsequence of lines, the rest is gone or new. */
function between(a: string[], b: string[]): DiffLine[] {
  const gone = (text: string) => ({ kind: 'gone' as const, text })
  const fresh = (text: string) => ({ kind: 'new' as const, text })
  if (a.length * b.length > PAIRS_MAX) return [...a.map(gone), ...b.map(fresh)]
  const width = b.length + 1
  const common = new Uint32Array((a.length + 1) * width)
  const at = (i: number, j: number) => common[i * width + j] ?? 0
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      common[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
    }
  }
  const lines: DiffLine[] = []
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    const left = a[i]
    const right = b[j]
    if (left !== undefined && left === right) {
      lines.push({ kind: 'same', text: left })
      i += 1
      j += 1
    } else if (left !== undefined && (right === undefined || at(i + 1, j) >= at(i, j + 1))) {
      lines.push(gone(left))
      i += 1
    } else if (right !== undefined) {
      lines.push(fresh(right))
      j += 1
    }
  }
  return lines
}

/** Leaves out what stays the same for long. */
function fold(lines: DiffLine[]): DiffLine[] {
  const near = lines.map((_, at) =>
    lines.slice(Math.max(at - AROUND, 0), at + AROUND + 1).some((line) => line.kind !== 'same'),
  )
  const folded: DiffLine[] = []
  lines.forEach((line, at) => {
    if (near[at]) {
      folded.push(line)
      return
    }
    const last = folded.at(-1)
    if (last?.kind === 'skipped') last.lines += 1
    else folded.push({ kind: 'skipped', lines: 1 })
  })
  return folded
}
