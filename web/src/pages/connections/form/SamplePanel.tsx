// The request that the rules are tried on: chosen from the latest of the source, or written by hand. A click on one of its
// fields puts that into the rule that is open.
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import * as queries from '@/api/queries'
import { CodeView } from '@/ui/CodeView'
import { Combobox } from '@/ui/Combobox'
import { Icon } from '@/ui/Icon'
import { Empty } from '@/ui/States'
import { Segments } from '@/ui/Tabs'
import { clock, day, shortId, size } from '@/ui/format'
import styles from './SamplePanel.module.css'
import { sampleFrom, valuesOf, type Sample } from './sample'

export type Leaf = { pointer: string; value: unknown }

const LEAVES_MAX = 200
/** The chosen one that stands for what was written by hand. */
const BY_HAND = 'by-hand'

/** Every value of the request with the pointer that leads to it; of long lists the first ones. */
export function leaves(sample: Sample): Leaf[] {
  const { body, headers, query, topic } = valuesOf(sample)
  const found: Leaf[] = []
  const walk = (value: unknown, pointer: string) => {
    if (found.length >= LEAVES_MAX) return
    if (typeof value !== 'object' || value === null) {
      found.push({ pointer, value })
      return
    }
    const entries = Array.isArray(value)
      ? value.slice(0, 3).map((item, at) => [String(at), item] as const)
      : Object.entries(value)
    for (const [key, item] of entries)
      walk(item, `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`)
  }
  if (topic) found.push({ pointer: '/topic', value: topic })
  if (typeof body === 'object') walk(body, '/body')
  walk(query, '/query')
  walk(headers, '/headers')
  return found
}

/** The sample that is chosen, with what it takes to choose another. */
export function useSample(sourceId: string | null, chosen: string | undefined) {
  const list = useInfiniteQuery({
    ...queries.requests({ source_id: sourceId, status: 'accepted', limit: 30 }),
    enabled: sourceId !== null,
  })
  const rows = useMemo(() => (sourceId ? (list.data?.pages[0]?.data ?? []) : []), [sourceId, list.data])
  const [byHand, setByHand] = useState<Sample | null>(null)
  const id = chosen ?? rows[0]?.id
  const detail = useQuery({ ...queries.request(id ?? ''), enabled: id !== undefined, staleTime: Infinity })
  const stored = useMemo(() => (detail.data ? sampleFrom(detail.data) : null), [detail.data])
  return {
    rows,
    id,
    byHand,
    setByHand,
    stored,
    sample: byHand ?? stored,
    unusable: detail.data !== undefined && stored === null,
  }
}

type Props = {
  from: ReturnType<typeof useSample>
  onChoose: (requestId: string) => void
  onPick: (leaf: Leaf) => void
  /** What a click on a field does, in a few words. */
  pickDoes: string
}

export function SamplePanel({ from, onChoose, onPick, pickDoes }: Props) {
  const [view, setView] = useState<'fields' | 'body'>('fields')
  const { rows, id, byHand, sample } = from
  const choices = [
    ...(byHand ? [{ value: BY_HAND, label: 'Written by hand' }] : []),
    ...rows.map((row) => ({
      value: row.id,
      label: `${day(row.received_at) === 'today' ? '' : `${day(row.received_at)} `}${clock(row.received_at, false)} ${row.topic ?? shortId(row.id)}`,
      words: row.id,
      hint: size(row.body_bytes),
    })),
  ]
  return (
    <aside className={styles.panel} aria-label="Sample">
      <header className={styles.head}>
        <h3 className={styles.title}>Try it on</h3>
        <Segments
          label="What of the sample"
          value={view}
          onChange={setView}
          options={[
            { value: 'fields', label: 'Fields' },
            { value: 'body', label: 'Body' },
          ]}
        />
      </header>
      {rows.length > 0 && (
        <Combobox
          label="Sample request"
          placeholder="One of the latest requests"
          choices={choices}
          value={byHand ? BY_HAND : (id ?? null)}
          onChange={(value) => {
            from.setByHand(null)
            if (value !== BY_HAND) onChoose(value)
          }}
        />
      )}
      {sample ? (
        view === 'fields' ? (
          <Fields sample={sample} onPick={onPick} pickDoes={pickDoes} />
        ) : (
          <CodeView
            value={pretty(sample.body)}
            language="json"
            label="Body of the sample"
            minHeight={160}
            maxHeight={460}
            onChange={(body) => {
              if (body !== pretty(sample.body)) from.setByHand({ ...sample, body })
            }}
          />
        )
      ) : from.unusable ? (
        <p className={styles.note}>Its body is not text, or was not kept in full. Choose another one.</p>
      ) : (
        <Empty plain title="Nothing has arrived at this source yet">
          Write a sample in JSON to try the rules on:
          <div className={styles.start}>
            <CodeView
              value={'{\n  "type": "order.paid"\n}'}
              language="json"
              label="Body of the sample"
              minHeight={90}
              onChange={(body) => from.setByHand({ ...EMPTY, body })}
            />
          </div>
        </Empty>
      )}
    </aside>
  )
}

const EMPTY: Sample = {
  method: 'POST',
  path: '',
  query: '',
  headers: { 'content-type': 'application/json' },
  body: '',
  topic: null,
}

function Fields({
  sample,
  onPick,
  pickDoes,
}: {
  sample: Sample
  onPick: (leaf: Leaf) => void
  pickDoes: string
}) {
  const found = useMemo(() => leaves(sample), [sample])
  if (found.length === 0) return <p className={styles.note}>It has no fields: see its body.</p>
  return (
    <>
      <p className={styles.note}>{pickDoes}</p>
      <ul className={styles.fields}>
        {found.map((leaf) => (
          <li key={leaf.pointer}>
            <button
              type="button"
              className={styles.field}
              title={`${leaf.pointer} = ${JSON.stringify(leaf.value)}`}
              onClick={() => onPick(leaf)}
            >
              <span className={styles.pointer}>{leaf.pointer}</span>
              <span className={styles.value}>{JSON.stringify(leaf.value)}</span>
              <Icon name="plus" size={12} />
            </button>
          </li>
        ))}
      </ul>
    </>
  )
}

function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2)
  } catch {
    return body
  }
}
