import { expect, it } from 'vitest'
import { diff } from './diff'

const shown = (before: string, after: string) =>
  diff(before, after).map((line) => {
    if (line.kind === 'skipped') return `… ${line.lines}`
    return { same: '  ', gone: '- ', new: '+ ' }[line.kind] + line.text
  })

it('shows what is gone and what is new', () => {
  expect(shown('a\nb\nc', 'a\nx\nc\nd')).toEqual(['  a', '- b', '+ x', '  c', '+ d'])
  expect(shown('', 'a')).toEqual(['- ', '+ a'])
})

it('finds lines that moved apart', () => {
  expect(shown('a\nb\nc\nd', 'b\nd\ne')).toEqual(['- a', '  b', '- c', '  d', '+ e'])
})

it('leaves out what stays the same for long', () => {
  const lines = Array.from({ length: 20 }, (_, at) => `line ${at}`)
  const changed = lines.with(10, 'other')
  expect(shown(lines.join('\n'), changed.join('\n'))).toEqual([
    '… 7',
    '  line 7',
    '  line 8',
    '  line 9',
    '- line 10',
    '+ other',
    '  line 11',
    '  line 12',
    '  line 13',
    '… 6',
  ])
  expect(shown('a\nb', 'a\nb')).toEqual(['… 2'])
})
