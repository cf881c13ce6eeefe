// A body, as whatever it is: JSON as a tree, a form as a table, an image as one, bytes in hexadecimal; and always raw.
import { useQuery } from '@tanstack/react-query'
import { useEffect, useMemo, useState } from 'react'
import { bytes, url } from '@/api/client'
import type { Body } from '@/api/types'
import { CodeView } from '../CodeView'
import { CopyIcon } from '../Copy'
import { size } from '../format'
import { Icon } from '../Icon'
import { Empty, Failure } from '../States'
import { Segments } from '../Tabs'
import styles from './BodyView.module.css'
import { indentJson, parseJson, type Json } from './json'
import { JsonTree, type Place } from './JsonTree'
import { bytesOf, formFields, HEX_BYTES_MAX, hexLines, indentXml, kindOf, type Kind } from './kind'

type View = 'pretty' | 'raw' | 'hex'

type Props = {
  body: Body
  contentType: string | null
  /** Where all of it is, byte for byte. */
  path?: string
  label: string
  onPick?: { label: string; pick: (place: Place, value: Json) => void }
}

export function BodyView({ body, contentType, path, label, onPick }: Props) {
  const kind = useMemo(() => usable(body, kindOf(body, contentType)), [body, contentType])
  const [view, setView] = useState<View>('pretty')
  if (kind === 'empty') {
    return (
      <Empty plain title="No body">
        Everything there is stands in the head.
      </Empty>
    )
  }
  const views = VIEWS[kind]
  const chosen = views.includes(view) ? view : (views[0] ?? 'raw')
  return (
    <div className={styles.body}>
      <div className={styles.bar}>
        {views.length > 1 && (
          <Segments
            label="How the body is shown"
            value={chosen}
            onChange={setView}
            options={views.map((value) => ({ value, label: NAMES[value] }))}
          />
        )}
        <span className={styles.about}>
          {kind === 'binary' ? (contentType ?? 'binary') : kind.toUpperCase()} ·{' '}
          {body.size === null ? 'size unknown' : size(body.size)}
          {body.truncated && ' · its beginning'}
        </span>
        {body.text !== undefined && <CopyIcon text={body.text} label="Copy the body" />}
        {path && (
          <a className={styles.download} href={url(path)} download title="Download the body, byte for byte">
            <Icon name="download" size={14} />
            <span className="visually-hidden">Download the body</span>
          </a>
        )}
      </div>
      <Shown
        view={chosen}
        kind={kind}
        body={body}
        label={label}
        {...(path && { path })}
        {...(onPick && { onPick })}
      />
    </div>
  )
}

const NAMES: Record<View, string> = { pretty: 'Pretty', raw: 'Raw', hex: 'Hex' }
const VIEWS: Record<Exclude<Kind, 'empty'>, View[]> = {
  json: ['pretty', 'raw', 'hex'],
  form: ['pretty', 'raw', 'hex'],
  xml: ['pretty', 'raw', 'hex'],
  html: ['raw', 'hex'],
  image: ['pretty', 'hex'],
  text: ['raw', 'hex'],
  binary: ['hex'],
}

/** JSON that cannot be read is text. */
function usable(body: Body, kind: Kind): Kind {
  if (kind !== 'json') return kind
  try {
    parseJson(body.text ?? '')
    return 'json'
  } catch {
    return 'text'
  }
}

function Shown({
  view,
  kind,
  body,
  path,
  label,
  onPick,
}: Omit<Props, 'contentType'> & { view: View; kind: Kind }) {
  const text = body.text ?? ''
  if (view === 'hex') return <Hex body={body} label={label} />
  if (view === 'raw') {
    const language = kind === 'json' ? 'json' : kind === 'xml' || kind === 'html' ? 'xml' : 'text'
    return <CodeView value={text} language={language} label={label} maxHeight={560} wrap />
  }
  if (kind === 'json') return <JsonTree text={text} label={label} {...(onPick && { onPick })} />
  if (kind === 'form') return <Pairs pairs={formFields(text)} label={label} />
  if (kind === 'image') return <Picture body={body} label={label} {...(path && { path })} />
  return <CodeView value={indentXml(text)} language="xml" label={label} maxHeight={560} />
}

/** The same JSON, indented, for whoever wants to copy it. */
export function prettyJson(text: string): string {
  try {
    return indentJson(parseJson(text))
  } catch {
    return text
  }
}

/** Names and values, of a form, a query or headers. */
export function Pairs({ pairs, label }: { pairs: [string, string][]; label: string }) {
  return (
    <table className={styles.pairs} aria-label={label}>
      <tbody>
        {pairs.map(([name, value], at) => (
          <tr key={at}>
            <th scope="row">{name}</th>
            <td>{value}</td>
            <td className={styles.copy}>
              <CopyIcon text={value} label={`Copy ${name}`} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Hex({ body, label }: { body: Body; label: string }) {
  const all = useMemo(() => bytesOf(body), [body])
  const lines = useMemo(() => hexLines(all), [all])
  return (
    <>
      {/* Long lines are scrolled to. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre className={styles.hex} tabIndex={0} aria-label={`${label} in hexadecimal`}>
        {lines.join('\n')}
      </pre>
      {all.length > HEX_BYTES_MAX && (
        <p className={styles.rest}>The first {size(HEX_BYTES_MAX)}. Download it for the rest.</p>
      )}
    </>
  )
}

function Picture({ body, path, label }: { body: Body; path?: string; label: string }) {
  const whole = useQuery({
    queryKey: ['body', path],
    queryFn: ({ signal }) => bytes(path ?? '', signal),
    enabled: body.truncated && path !== undefined,
    staleTime: Infinity,
  })
  const [address, setAddress] = useState<string>()
  const data = body.truncated ? whole.data : undefined
  useEffect(() => {
    if (body.truncated && !data) return
    // Named as an image and shown by <img>, so that nothing in it runs, whatever it is.
    const next = URL.createObjectURL(
      new Blob([data ? new Uint8Array(data) : bytesOf(body)], { type: imageType(body) }),
    )
    setAddress(next)
    return () => URL.revokeObjectURL(next)
  }, [body, data])
  if (whole.error) return <Failure plain error={whole.error} />
  return <div className={styles.picture}>{address && <img src={address} alt={label} />}</div>
}

/** SVG is text; the others are told apart by the browser. */
function imageType(body: Body): string {
  return body.text !== undefined ? 'image/svg+xml' : 'image/png'
}
