// The rules of a connection as a row of small signs.
import type { Rule } from '@/api/types'
import { Icon } from '@/ui/Icon'
import styles from './RuleTags.module.css'
import { RULES, ruleSummary } from './ruleWords'

/** More are counted. */
const SHOWN_MAX = 5

export function RuleTags({ rules }: { rules: Rule[] }) {
  if (rules.length === 0) return null
  return (
    <span className={styles.tags}>
      {rules.slice(0, SHOWN_MAX).map((rule, index) => (
        <span key={index} className={styles.tag} title={`${RULES[rule.type].name}: ${ruleSummary(rule)}`}>
          <Icon name={RULES[rule.type].icon} size={12} />
          <span className="visually-hidden">{RULES[rule.type].name}</span>
        </span>
      ))}
      {rules.length > SHOWN_MAX && <span className={styles.more}>+{rules.length - SHOWN_MAX}</span>}
    </span>
  )
}
