import { describe, expect, it } from 'vitest'
import { hexLines, indentXml, kindOf } from './kind'
import { indentJson, parseJson, pointer, weigh } from './json'

describe('the kind of a body', () => {
  const body = (text: string) => ({ size: text.length, text, truncated: false })
  it.each([
    ['{"a":1}', 'application/json; charset=utf-8', 'json'],
    ['{"a":1}', null, 'json'],
    ['{"a":1}', 'application/x-www-form-urlencoded', 'json'],
    ['a=1&b=2', 'application/x-www-form-urlencoded', 'form'],
    ['<order/>', 'text/xml', 'xml'],
    ['<?xml version="1.0"?><a/>', null, 'xml'],
    ['<p>', 'text/html', 'html'],
    ['hello', 'text/plain', 'text'],
    ['', 'application/json', 'empty'],
  ])('%j as %s is %s', (text, type, kind) => expect(kindOf(body(text), type)).toBe(kind))

  it('is binary where it is no text', () => {
    expect(kindOf({ size: 2, base64: '//8=', truncated: false }, 'application/octet-stream')).toBe('binary')
    expect(kindOf({ size: 2, base64: '//8=', truncated: false }, 'image/png')).toBe('image')
  })
})

describe('JSON', () => {
  it('keeps the order of keys', () => {
    expect(indentJson(parseJson('{"b":[1,{}],"a":"ü"}'))).toBe(
      '{\n  "b": [\n    1,\n    {}\n  ],\n  "a": "ü"\n}',
    )
  })
  it('is weighed up to a bound', () => {
    expect(weigh(parseJson('[1,[2,3],{"a":4}]'), 100)).toBe(7)
    expect(weigh(parseJson(`[${'1,'.repeat(999)}1]`), 50)).toBe(50)
  })
  it('names places as JSON pointers', () => expect(pointer(['a/b', 0, 'c~d'])).toBe('/a~1b/0/c~0d'))
})

describe('other forms', () => {
  it('indents XML and keeps its text', () => {
    expect(indentXml('<a><b x="1">hi</b><c/></a>')).toBe('<a>\n  <b x="1">hi</b>\n  <c/>\n</a>')
  })
  it('shows bytes in rows of sixteen', () => {
    const [first, second] = hexLines(new Uint8Array([0x41, 0, 0xff, ...new Array(14).fill(0x2e)]))
    expect(first).toBe('000000  41 00 ff 2e 2e 2e 2e 2e  2e 2e 2e 2e 2e 2e 2e 2e  A··.............')
    expect(second).toMatch(/^000010 {2}2e /)
  })
})
