// What a body is: by what it says of itself, and where that is not to be trusted, by what it looks like.
import type { Body } from '@/api/types'

export type Kind = 'empty' | 'json' | 'form' | 'xml' | 'html' | 'image' | 'text' | 'binary'

const IMAGES = /^image\/(png|jpeg|gif|webp|avif|bmp|x-icon|svg\+xml)$/

export function kindOf(body: Body, contentType: string | null): Kind {
  const type = contentType?.split(';')[0]?.trim().toLowerCase() ?? ''
  if (body.size === 0 || (body.text === '' && body.size === null)) return 'empty'
  if (IMAGES.test(type)) return 'image'
  if (body.text === undefined) return 'binary'
  if (type.endsWith('json') || /^\s*[[{]/.test(body.text)) return 'json'
  if (type === 'application/x-www-form-urlencoded') return /^\s*[<{[]/.test(body.text) ? 'text' : 'form'
  if (type === 'text/html') return 'html'
  if (type.endsWith('xml') || /^\s*<(\?xml|[A-Za-z][\w:.-]*[\s>])/.test(body.text)) return 'xml'
  return 'text'
}

/** Name and value of each field; `null` where it is not of that form. */
export function formFields(text: string): [string, string][] {
  return [...new URLSearchParams(text)]
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let at = 0; at < binary.length; at += 1) bytes[at] = binary.charCodeAt(at)
  return bytes
}

export function bytesOf(body: Body): Uint8Array<ArrayBuffer> {
  return body.base64 !== undefined ? fromBase64(body.base64) : new TextEncoder().encode(body.text ?? '')
}

const HEX_ROW = 16
/** More lines help nobody; the whole can be downloaded. */
export const HEX_BYTES_MAX = 16 * 1_024

/** Lines of offset, bytes and what they are as text. */
export function hexLines(bytes: Uint8Array): string[] {
  const lines: string[] = []
  for (let at = 0; at < Math.min(bytes.length, HEX_BYTES_MAX); at += HEX_ROW) {
    const row = [...bytes.subarray(at, at + HEX_ROW)]
    const hex = row.map((byte) => byte.toString(16).padStart(2, '0'))
    const left = hex.slice(0, 8).join(' ').padEnd(23)
    const right = hex.slice(8).join(' ').padEnd(23)
    const text = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·')).join('')
    lines.push(`${at.toString(16).padStart(6, '0')}  ${left}  ${right}  ${text}`)
  }
  return lines
}

/** XML with a line for each element, indented. Its text stays as it is; what cannot be read is left alone. */
export function indentXml(text: string): string {
  const tokens = text.match(/<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<[^>]*>|[^<]+/g)
  if (!tokens) return text
  const lines: string[] = []
  let depth = 0
  let open = false
  for (const token of tokens) {
    if (!token.startsWith('<') || token.startsWith('<![CDATA[')) {
      if (token.trim() === '') continue
      if (open) lines[lines.length - 1] += token.trim()
      else lines.push('  '.repeat(depth) + token.trim())
      continue
    }
    if (token.startsWith('</')) {
      depth = Math.max(depth - 1, 0)
      if (open) lines[lines.length - 1] += token
      else lines.push('  '.repeat(depth) + token)
      open = false
      continue
    }
    lines.push('  '.repeat(depth) + token)
    const opens = !token.endsWith('/>') && !token.startsWith('<?') && !token.startsWith('<!')
    if (opens) depth += 1
    open = opens
  }
  return lines.join('\n')
}
