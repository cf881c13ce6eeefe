// The editor of a single rule: one for each kind.
import { CodeView } from '@/ui/CodeView'
import { DurationInput } from '@/ui/DurationInput'
import { Checkbox, Field, Input } from '@/ui/Field'
import { Segments } from '@/ui/Tabs'
import type { DraftRule, RuleOf } from './draft'
import { Pointers } from './Pointers'
import { OutcomeNote } from './OutcomeSign'
import styles from './RuleEditor.module.css'
import type { Outcome } from './sample'
import { TransformEditor } from './TransformEditor'

type Props<T extends DraftRule = DraftRule> = {
  rule: T
  onChange: (rule: T) => void
  outcome: Outcome | undefined
  pointers: string[]
}

export function RuleEditor({ rule, ...rest }: Props) {
  switch (rule.type) {
    case 'filter':
      return <FilterEditor rule={rule} {...rest} />
    case 'deduplicate':
      return <DeduplicateEditor rule={rule} {...rest} />
    case 'stale':
      return <StaleEditor rule={rule} {...rest} />
    case 'delay':
      return <DelayEditor rule={rule} {...rest} />
    case 'transform':
      return <TransformEditor rule={rule} onChange={rest.onChange} outcome={rest.outcome} />
  }
}

const EXAMPLES: { label: string; text: string }[] = [
  { label: 'one of several types', text: '{"body": {"type": {"$in": ["order.paid", "order.refunded"]}}}' },
  { label: 'at least an amount', text: '{"body": {"order": {"total": {"$gte": 100}}}}' },
  { label: 'a header', text: '{"headers": {"x-env": "live"}}' },
  {
    label: 'either of two',
    text: '{"$or": [{"topic": "invoice.paid"}, {"headers": {"x-priority": "high"}}]}',
  },
  { label: 'not there', text: '{"body": {"deleted_at": {"$exist": false}}}' },
]

function FilterEditor({ rule, onChange, outcome }: Props<RuleOf<'filter'>>) {
  return (
    <div className={styles.stack}>
      <p className={styles.help}>
        JSON in the shape of the request: <code>body</code>, <code>headers</code>, <code>query</code>,{' '}
        <code>path</code>, <code>topic</code>, <code>method</code>. Click on a field of the sample to ask for
        its value.
      </p>
      <CodeView
        value={rule.text}
        language="json"
        label="Condition"
        minHeight={140}
        maxHeight={420}
        onChange={(text) => onChange({ ...rule, text })}
      />
      <div className={styles.examples}>
        <span>For example</span>
        {EXAMPLES.map((example) => (
          <button
            key={example.label}
            type="button"
            className={styles.example}
            onClick={() =>
              onChange({ ...rule, text: JSON.stringify(JSON.parse(example.text) as unknown, null, 2) })
            }
          >
            {example.label}
          </button>
        ))}
      </div>
      <OutcomeNote outcome={outcome} />
    </div>
  )
}

function DeduplicateEditor({ rule, onChange, outcome, pointers }: Props<RuleOf<'deduplicate'>>) {
  return (
    <div className={styles.stack}>
      <div className={styles.row}>
        <Field label="Within" help="From the arrival of the first; 1 s to 30 d.">
          {(control) => (
            <DurationInput
              {...control}
              value={rule.window_ms}
              onChange={(window_ms) => onChange({ ...rule, window_ms })}
            />
          )}
        </Field>
        <Pointers
          label="Two events are the same where these are the same"
          help="With none it is the provider's own event id."
          value={rule.fields}
          onChange={(fields) => onChange({ ...rule, fields })}
          pointers={pointers}
        />
      </div>
      <OutcomeNote outcome={outcome} />
    </div>
  )
}

function StaleEditor({ rule, onChange, outcome, pointers }: Props<RuleOf<'stale'>>) {
  const { latest } = rule
  return (
    <div className={styles.stack}>
      <Checkbox
        label="Discard what happened long before it arrived"
        checked={rule.older_than_ms !== null}
        onChange={(event) => onChange({ ...rule, older_than_ms: event.target.checked ? 3_600_000 : null })}
      />
      {rule.older_than_ms !== null && (
        <div className={styles.inset}>
          <Field
            label="Older than"
            help="By the time that the provider states; one without such a time passes."
          >
            {(control) => (
              <DurationInput
                {...control}
                value={rule.older_than_ms}
                onChange={(older_than_ms) => onChange({ ...rule, older_than_ms: older_than_ms ?? 0 })}
              />
            )}
          </Field>
        </div>
      )}
      <Checkbox
        label="Deliver only the latest: discard what is older than what was delivered of the same thing"
        checked={latest !== null}
        onChange={(event) =>
          onChange({ ...rule, latest: event.target.checked ? { fields: [''], time: '' } : null })
        }
      />
      {latest && (
        <div className={styles.inset}>
          <div className={styles.row}>
            <Field label="The time that decides" optional help="By default the one that the provider states.">
              {(control) => (
                <Input
                  {...control}
                  mono
                  list="pointers"
                  placeholder="/body/updated_at"
                  value={latest.time}
                  onChange={(event) => onChange({ ...rule, latest: { ...latest, time: event.target.value } })}
                />
              )}
            </Field>
            <Pointers
              label="Events tell of the same thing where these are the same"
              value={latest.fields}
              onChange={(fields) => onChange({ ...rule, latest: { ...latest, fields } })}
              pointers={pointers}
            />
          </div>
        </div>
      )}
      <OutcomeNote outcome={outcome} />
    </div>
  )
}

function DelayEditor({ rule, onChange, outcome }: Props<RuleOf<'delay'>>) {
  return (
    <div className={styles.stack}>
      <Segments
        label="How long"
        value={rule.by}
        onChange={(by) => onChange({ ...rule, by })}
        options={[
          { value: 'for', label: 'For a time' },
          { value: 'until', label: 'Until a time in the event' },
        ]}
      />
      {rule.by === 'for' ? (
        <Field label="For" help="From its arrival; at most 30 d.">
          {(control) => (
            <DurationInput
              {...control}
              value={rule.for_ms}
              onChange={(for_ms) => onChange({ ...rule, for_ms })}
            />
          )}
        </Field>
      ) : (
        <Field label="Until" help="A field with a time: RFC 3339, or seconds or milliseconds since 1970.">
          {(control) => (
            <Input
              {...control}
              mono
              list="pointers"
              placeholder="/body/deliver_at"
              value={rule.until}
              onChange={(event) => onChange({ ...rule, until: event.target.value })}
            />
          )}
        </Field>
      )}
      <OutcomeNote outcome={outcome} />
    </div>
  )
}
