import { expect, it } from 'vitest'
import { tokens } from './highlight'

const shown = (text: string, language: 'json' | 'javascript' | 'xml' | 'text') =>
  tokens(text, language).map(({ from, to, kind }) => `${kind} ${text.slice(from, to)}`)

it('tells names from texts in JSON', () => {
  expect(shown('{"a b": "c\\"d", "n": -1.5e3, "t": [true, null]}', 'json')).toEqual([
    'name "a b"',
    'string "c\\"d"',
    'name "n"',
    'number -1.5e3',
    'name "t"',
    'keyword true',
    'keyword null',
  ])
})

it('knows comments, texts and words of JavaScript', () => {
  expect(shown("const a = b.c + 'it\\'s' // const\n/* x */ `t ${1}` 0x1f", 'javascript')).toEqual([
    'keyword const',
    'name .c',
    "string 'it\\'s'",
    'comment // const',
    'comment /* x */',
    'string `t ${1}`',
    'number 0x1f',
  ])
})

it('knows tags, attributes and comments of XML', () => {
  expect(shown('<a b="c"><!-- d --></a>', 'xml')).toEqual([
    'keyword <a',
    'name b',
    'string "c"',
    'keyword >',
    'comment <!-- d -->',
    'keyword </a',
    'keyword >',
  ])
})

it('leaves a plain text alone', () => expect(shown('"a" 1', 'text')).toEqual([]))
