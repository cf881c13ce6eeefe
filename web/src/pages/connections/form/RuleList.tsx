// The rules in their order. Each can be dragged by its handle, or moved with the arrow keys while the handle has the focus;
// where it has gone is said to screen readers.
import { useRef, useState, type DragEvent, type KeyboardEvent } from 'react'
import { Button, IconButton } from '@/ui/Button'
import { Icon } from '@/ui/Icon'
import { Menu } from '@/ui/Menu'
import { classes } from '@/ui/classes'
import { RULES, ruleSummary } from '../ruleWords'
import { ruleBody, newRule, type DraftRule } from './draft'
import { OutcomeSign } from './OutcomeSign'
import { RuleEditor } from './RuleEditor'
import styles from './RuleList.module.css'
import type { Outcome, Sample } from './sample'
import type { Rule } from '@/api/types'

type Props = {
  rules: DraftRule[]
  onChange: (rules: DraftRule[]) => void
  /** What is wrong with the rule at a place. */
  errors: Record<number, string>
  outcomes: Outcome[]
  sample: Sample | null
  /** The rule that fields of the sample go to. */
  active: string | null
  onActive: (key: string | null) => void
  /** Pointers that the sample has, for suggestions. */
  pointers: string[]
}

const TYPES: DraftRule['type'][] = ['filter', 'deduplicate', 'stale', 'delay', 'transform']

export function RuleList(props: Props) {
  const { rules, onChange, active, onActive } = props
  const [dragged, setDragged] = useState<string | null>(null)
  const [said, setSaid] = useState('')
  const list = useRef<HTMLOListElement>(null)

  const move = (from: number, to: number) => {
    const rule = rules[from]
    if (!rule || to < 0 || to >= rules.length || from === to) return
    const next = rules.filter((_, at) => at !== from)
    next.splice(to, 0, rule)
    onChange(next)
    setSaid(`${RULES[rule.type].name} is now rule ${to + 1} of ${rules.length}`)
    requestAnimationFrame(() =>
      list.current?.querySelector<HTMLElement>(`[data-grip="${rule.key}"]`)?.focus(),
    )
  }
  const onDragOver = (event: DragEvent, over: number) => {
    if (dragged === null) return
    event.preventDefault()
    const from = rules.findIndex((rule) => rule.key === dragged)
    const box = event.currentTarget.getBoundingClientRect()
    const before = event.clientY < box.top + box.height / 2
    const to = over > from ? (before ? over - 1 : over) : before ? over : over + 1
    if (from !== -1 && to !== from) move(from, to)
  }
  const add = (type: DraftRule['type']) => {
    const rule = newRule(type)
    onChange([...rules, rule])
    onActive(rule.key)
    setSaid(`${RULES[type].name} was added as rule ${rules.length + 1}`)
  }
  return (
    <>
      <ol className={styles.list} ref={list}>
        {rules.map((rule, at) => (
          // What is dragged has its handle, which the arrow keys move as well.
          // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
          <li
            key={rule.key}
            className={classes(styles.item, dragged === rule.key && styles.dragged)}
            onDragOver={(event) => onDragOver(event, at)}
            onDrop={(event) => event.preventDefault()}
          >
            <header className={styles.head}>
              <button
                type="button"
                className={styles.grip}
                data-grip={rule.key}
                draggable
                aria-label={`Move rule ${at + 1}, ${RULES[rule.type].name}: arrow up and down`}
                title="Drag, or use the arrow keys"
                onDragStart={(event) => {
                  event.dataTransfer.effectAllowed = 'move'
                  event.dataTransfer.setData('text/plain', rule.key)
                  setDragged(rule.key)
                }}
                onDragEnd={() => setDragged(null)}
                onKeyDown={(event: KeyboardEvent) => {
                  if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return
                  event.preventDefault()
                  move(at, at + (event.key === 'ArrowUp' ? -1 : 1))
                }}
              >
                <span className={styles.number}>{at + 1}</span>
              </button>
              <button
                type="button"
                className={styles.title}
                aria-expanded={active === rule.key}
                onClick={() => onActive(active === rule.key ? null : rule.key)}
              >
                <Icon name={RULES[rule.type].icon} size={14} />
                <span className={styles.name}>{RULES[rule.type].name}</span>
                <span className={styles.summary}>{ruleSummary(ruleBody(rule) as Rule)}</span>
              </button>
              {props.sample && <OutcomeSign outcome={props.outcomes[at]} />}
              <span className={styles.buttons}>
                <IconButton
                  small
                  icon="up"
                  label={`Move rule ${at + 1} up`}
                  disabled={at === 0}
                  onClick={() => move(at, at - 1)}
                />
                <IconButton
                  small
                  icon="down"
                  label={`Move rule ${at + 1} down`}
                  disabled={at === rules.length - 1}
                  onClick={() => move(at, at + 1)}
                />
                <IconButton
                  small
                  icon="trash"
                  label={`Take rule ${at + 1} away`}
                  onClick={() => {
                    onChange(rules.filter((other) => other.key !== rule.key))
                    setSaid(`Rule ${at + 1} was taken away`)
                  }}
                />
              </span>
            </header>
            {props.errors[at] && (
              <p className={styles.error} role="alert">
                {props.errors[at]}
              </p>
            )}
            {active === rule.key && (
              <div className={styles.body}>
                <RuleEditor
                  rule={rule}
                  onChange={(next) => onChange(rules.map((other) => (other.key === rule.key ? next : other)))}
                  outcome={props.sample ? props.outcomes[at] : undefined}
                  pointers={props.pointers}
                />
              </div>
            )}
          </li>
        ))}
      </ol>
      <Menu
        align="start"
        trigger={
          <Button icon="plus" small>
            Add a rule
          </Button>
        }
        entries={TYPES.map((type) => ({
          label: RULES[type].name,
          icon: RULES[type].icon,
          hint: RULES[type].meaning,
          onSelect: () => add(type),
        }))}
      />
      <p className="visually-hidden" aria-live="polite">
        {said}
      </p>
    </>
  )
}
