// The editor of a transformation: its code, its variables, and what it makes of the sample.
import { useState } from 'react'
import type { ConsoleLine, Run } from '@/api/types'
import { Button, IconButton } from '@/ui/Button'
import { CodeView } from '@/ui/CodeView'
import { DiffView } from '@/ui/DiffView'
import { Input } from '@/ui/Field'
import { Empty, Note } from '@/ui/States'
import { Tabs } from '@/ui/Tabs'
import { classes } from '@/ui/classes'
import { duration, plural, words } from '@/ui/format'
import type { RuleOf, Variable } from './draft'
import { OutcomeNote } from './OutcomeSign'
import styles from './RuleEditor.module.css'
import type { Outcome, Sample } from './sample'

type Props = {
  rule: RuleOf<'transform'>
  onChange: (rule: RuleOf<'transform'>) => void
  outcome: Outcome | undefined
}

export function TransformEditor({ rule, onChange, outcome }: Props) {
  const failure = outcome?.is === 'ran' ? outcome.run.failure : null
  const mark = failure?.line
    ? { line: failure.line, message: failure.message }
    : outcome?.is === 'wrong' && outcome.line
      ? { line: outcome.line, message: outcome.text }
      : null
  return (
    <div className={styles.stack}>
      <CodeView
        value={rule.code}
        language="javascript"
        label="Code of the transformation"
        minHeight={200}
        maxHeight={480}
        mark={mark}
        onChange={(code) => onChange({ ...rule, code })}
      />
      <Variables value={rule.env} onChange={(env) => onChange({ ...rule, env })} />
      {outcome?.is === 'ran' ? (
        <Results
          run={outcome.run}
          input={outcome.input}
          stored={rule.env.some((one) => one.value === null)}
        />
      ) : (
        <OutcomeNote outcome={outcome} />
      )}
    </div>
  )
}

function Results({ run, input, stored }: { run: Run; input: Sample; stored: boolean }) {
  const [tab, setTab] = useState('diff')
  const before = write(input.path, input.query, Object.entries(input.headers), input.body)
  const made = run.request
  const after = made ? write(made.path, made.query, made.headers, made.body ?? '(bytes)') : ''
  const lines = run.console.length + run.console_dropped
  return (
    <div className={styles.results}>
      {run.failure && (
        <Note
          tone="red"
          title={`It fails: ${words(run.failure.kind)}${run.failure.line ? `, line ${run.failure.line}` : ''}`}
        >
          <code>{run.failure.message}</code>
        </Note>
      )}
      <Tabs
        label="What it does with the sample"
        value={tab}
        onChange={setTab}
        aside={<span className={styles.help}>{duration(run.cpu_us / 1_000)} of processor time</span>}
        tabs={[
          {
            value: 'diff',
            label: 'Changes',
            content: !made ? (
              <Nothing />
            ) : before === after ? (
              <Empty plain title="It changes nothing of the sample" />
            ) : (
              <DiffView before={before} after={after} label="What was changed" maxHeight={420} />
            ),
          },
          {
            value: 'output',
            label: 'Output',
            content: made ? (
              <CodeView value={after} language="json" label="Output" maxHeight={420} />
            ) : (
              <Nothing />
            ),
          },
          {
            value: 'input',
            label: 'Input',
            content: <CodeView value={before} language="json" label="Input" maxHeight={420} />,
          },
          {
            value: 'console',
            label: lines > 0 ? `Console (${lines})` : 'Console',
            content: <Console lines={run.console} dropped={run.console_dropped} />,
          },
        ]}
      />
      {stored && (
        <p className={styles.help}>
          Variables that are stored are empty here: they never leave the gateway. Write one anew to try it.
        </p>
      )}
    </div>
  )
}

function Nothing() {
  return <Empty plain title="Nothing came out of it" />
}

export function Console({ lines, dropped }: { lines: ConsoleLine[]; dropped: number }) {
  if (lines.length === 0) {
    return (
      <Empty plain title="It printed nothing">
        What <code>console.log</code> prints is shown here, and kept with each event.
      </Empty>
    )
  }
  return (
    <div className={styles.console}>
      {lines.map((line, at) => (
        <div
          key={at}
          className={classes(
            styles.line,
            line.level === 'error' && styles.lineError,
            line.level === 'warn' && styles.lineWarn,
          )}
        >
          <span>{line.level}</span>
          <span>{line.text}</span>
        </div>
      ))}
      {dropped > 0 && <span>… and {plural(dropped, 'line')} more</span>}
    </div>
  )
}

/** A request as JSON with its headers in the order of their names, so that only what was changed differs. */
function write(path: string, query: string, headers: [string, string][], body: string): string {
  const sorted = headers
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  let value: unknown = body
  try {
    value = JSON.parse(body)
  } catch {
    // It stays the text that it is.
  }
  return JSON.stringify({ path, query, headers: Object.fromEntries(sorted), body: value }, null, 2)
}

function Variables({ value, onChange }: { value: Variable[]; onChange: (value: Variable[]) => void }) {
  const change = (at: number, next: Variable) =>
    onChange(value.map((other, index) => (index === at ? next : other)))
  return (
    <fieldset className={styles.fieldset}>
      <legend className="visually-hidden">Variables</legend>
      <div className={styles.pointers}>
        {value.map((variable, at) => (
          <div key={at} className={styles.env}>
            <Input
              mono
              aria-label={`Name of variable ${at + 1}`}
              placeholder="API_KEY"
              value={variable.name}
              onChange={(event) => change(at, { ...variable, name: event.target.value })}
            />
            <Input
              mono
              aria-label={`Value of variable ${at + 1}`}
              placeholder={variable.value === null ? 'stored, and not shown' : 'value'}
              value={variable.value ?? ''}
              onChange={(event) => change(at, { ...variable, value: event.target.value })}
            />
            <IconButton
              icon="close"
              label={`Take variable ${at + 1} away`}
              onClick={() => onChange(value.filter((_, index) => index !== at))}
            />
          </div>
        ))}
        <div>
          <Button
            small
            look="quiet"
            icon="plus"
            onClick={() => onChange([...value, { name: '', value: '' }])}
          >
            Add a variable for process.env
          </Button>
        </div>
      </div>
    </fieldset>
  )
}
