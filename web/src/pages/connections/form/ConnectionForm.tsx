// The form of a connection, new or not: where from and where to, its rules in their order, and how it delivers. Rules are
// tried on a sample as they are written.
import { useQuery } from '@tanstack/react-query'
import { useMemo, useState, type ReactNode } from 'react'
import { errorAt, type Errors } from '@/api/problem'
import * as queries from '@/api/queries'
import { Button } from '@/ui/Button'
import { Combobox } from '@/ui/Combobox'
import { Field, Input, Switch } from '@/ui/Field'
import { Section } from '@/ui/Page'
import { Segments } from '@/ui/Tabs'
import { DestinationDialog } from '../../destinations/DestinationDialog'
import styles from './ConnectionForm.module.css'
import { newRule, type Draft, type DraftRule } from './draft'
import { pick, pickDoes } from './pick'
import { Pointers } from './Pointers'
import { RetryEditor } from './RetryEditor'
import { RuleList } from './RuleList'
import { usePipeline } from './sample'
import { leaves, SamplePanel, useSample, type Leaf } from './SamplePanel'
import { SourceDialog } from '../../console/source/SourceDialog'

type Props = {
  draft: Draft
  onChange: (draft: Draft) => void
  /** What is wrong, by field; `rules[2]` is the third rule. */
  errors: Errors
  /** The request that rules are tried on, from the URL. */
  sampleId: string | undefined
  onSample: (requestId: string) => void
  footer?: ReactNode
}

export function ConnectionForm({ draft, onChange, errors, sampleId, onSample, footer }: Props) {
  const set = (next: Partial<Draft>) => onChange({ ...draft, ...next })
  const from = useSample(draft.source_id, sampleId)
  const { data: outcomes } = usePipeline(draft.rules, from.sample)
  const [active, setActive] = useState<string | null>(draft.rules[0]?.key ?? null)
  const open = draft.rules.find((rule) => rule.key === active)
  const pointers = useMemo(
    () => (from.sample ? leaves(from.sample).map((leaf) => leaf.pointer) : []),
    [from.sample],
  )
  const onPick = (leaf: Leaf) => {
    if (open) {
      const next = pick(open, leaf)
      set({ rules: draft.rules.map((rule) => (rule.key === open.key ? next : rule)) })
      return
    }
    const made = pick({ ...newRule('filter'), text: '{}' } as DraftRule, leaf)
    set({ rules: [...draft.rules, made] })
    setActive(made.key)
  }
  return (
    <>
      <datalist id="pointers">
        {pointers.map((pointer) => (
          <option key={pointer} value={pointer} />
        ))}
      </datalist>
      <Ends draft={draft} set={set} errors={errors} />
      <Section title="Rules" beside="What every event goes through, in this order">
        <div className={styles.split}>
          <div className={styles.rules}>
            {draft.rules.length === 0 && (
              <p className={styles.none}>
                Without rules everything that arrives is delivered as it came. Add one, or click on a field of
                the sample.
              </p>
            )}
            <RuleList
              rules={draft.rules}
              onChange={(rules) => set({ rules })}
              errors={ruleErrors(errors)}
              outcomes={outcomes ?? []}
              sample={from.sample}
              active={active}
              onActive={setActive}
              pointers={pointers}
            />
          </div>
          {draft.source_id && (
            <SamplePanel
              key={draft.source_id}
              from={from}
              onChoose={onSample}
              onPick={onPick}
              pickDoes={pickDoes(open)}
            />
          )}
        </div>
      </Section>
      <Section title="Order">
        <OrderEditor
          value={draft.order}
          onChange={(order) => set({ order })}
          pointers={pointers}
          error={errorAt(errors, 'order')}
        />
      </Section>
      <Section title="Retries">
        <RetryEditor value={draft.retry} onChange={(retry) => set({ retry })} errors={errors} />
      </Section>
      {draft.enabled !== undefined && (
        <Section title="Beginning">
          <Switch
            label="Enabled: otherwise requests pass it by until somebody enables it"
            checked={draft.enabled}
            onChange={(enabled) => set({ enabled })}
          />
        </Section>
      )}
      {footer}
    </>
  )
}

type EndsProps = { draft: Draft; set: (next: Partial<Draft>) => void; errors: Errors }

/** Where from, where to, and what it is called. */
function Ends({ draft, set, errors }: EndsProps) {
  const { data: sources } = useQuery(queries.sources)
  const { data: destinations } = useQuery(queries.destinations)
  const [making, setMaking] = useState<'source' | 'destination' | null>(null)
  const named = (id: string | null, list: { id: string; name: string }[] | undefined) =>
    list?.find((item) => item.id === id)?.name
  /** A name is proposed until somebody writes one. */
  const follow = (source_id: string | null, destination_id: string | null, names?: [string?, string?]) => {
    const before = proposal(named(draft.source_id, sources), named(draft.destination_id, destinations))
    const after = proposal(
      names?.[0] ?? named(source_id, sources),
      names?.[1] ?? named(destination_id, destinations),
    )
    const free = draft.name === '' || draft.name === before
    set({ source_id, destination_id, ...(free && { name: after }) })
  }
  return (
    <div className={styles.ends}>
      <Field label="From" error={errors.source_id}>
        {({ id }) => (
          <div className={styles.choice}>
            <Combobox
              id={id}
              label="Source"
              placeholder="Search sources"
              value={draft.source_id}
              onChange={(source_id) => follow(source_id, draft.destination_id)}
              choices={(sources ?? []).map((source) => ({
                value: source.id,
                label: source.name,
                words: `${source.id} ${source.provider}`,
                hint: source.provider,
              }))}
            />
            <Button icon="plus" needs="admin" onClick={() => setMaking('source')} aria-label="New source">
              New
            </Button>
          </div>
        )}
      </Field>
      <Field label="To" error={errors.destination_id}>
        {({ id }) => (
          <div className={styles.choice}>
            <Combobox
              id={id}
              label="Destination"
              placeholder="Search destinations"
              value={draft.destination_id}
              onChange={(destination_id) => follow(draft.source_id, destination_id)}
              choices={(destinations ?? []).map((destination) => ({
                value: destination.id,
                label: destination.name,
                words: `${destination.id} ${destination.url ?? 'pull'}`,
                hint: destination.url ? hostOf(destination.url) : 'pull',
              }))}
            />
            <Button
              icon="plus"
              needs="admin"
              onClick={() => setMaking('destination')}
              aria-label="New destination"
            >
              New
            </Button>
          </div>
        )}
      </Field>
      <Field label="Name" error={errors.name} help="Letters, digits, - _ and .">
        {(control) => (
          <Input
            {...control}
            value={draft.name}
            onChange={(event) => set({ name: event.target.value })}
            placeholder="orders-to-app"
          />
        )}
      </Field>
      {making === 'source' && (
        <SourceDialog
          source={null}
          onClose={() => setMaking(null)}
          onSaved={(source) => {
            setMaking(null)
            follow(source.id, draft.destination_id, [source.name])
          }}
        />
      )}
      <DestinationDialog
        open={making === 'destination'}
        onOpenChange={(open) => setMaking(open ? 'destination' : null)}
        onMade={(made) => follow(draft.source_id, made.id, [undefined, made.name])}
      />
    </div>
  )
}

function proposal(source: string | undefined, destination: string | undefined): string {
  return source && destination ? `${source}-to-${destination}`.slice(0, 100) : ''
}

function hostOf(url: string): string {
  try {
    return new URL(url).host
  } catch {
    return url
  }
}

function ruleErrors(errors: Record<string, string>): Record<number, string> {
  const found: Record<number, string> = {}
  for (const [field, text] of Object.entries(errors)) {
    const match = /^rules\[(\d+)\]/.exec(field)
    if (match) found[Number(match[1])] = text
  }
  return found
}

type OrderProps = {
  value: Draft['order']
  onChange: (order: Draft['order']) => void
  pointers: string[]
  error: string | undefined
}

function OrderEditor({ value, onChange, pointers, error }: OrderProps) {
  return (
    <div className={styles.stack}>
      <Segments
        label="Order of delivery"
        value={value?.by ?? 'none'}
        onChange={(by) =>
          onChange(by === 'none' ? null : by === 'key' ? { by, fields: [''] } : { by: 'destination' })
        }
        options={[
          { value: 'none', label: 'As soon as each can go' },
          { value: 'key', label: 'In order for each key' },
          { value: 'destination', label: 'All in order' },
        ]}
      />
      <p className={styles.help}>
        {value === null
          ? 'Fastest. A retry may come long after what happened later.'
          : value.by === 'key'
            ? 'Events with the same values here go out one after the other; a retry holds back those behind it, of its key only.'
            : 'One event at a time, together with every other connection to the destination that says so. A retry holds back all behind it.'}
      </p>
      {value?.by === 'key' && (
        <Pointers
          label="Fields that are the key"
          value={value.fields}
          onChange={(fields) => onChange({ by: 'key', fields })}
          pointers={pointers}
        />
      )}
      {error && <p className={styles.error}>{error}</p>}
    </div>
  )
}
