// What a rule does with the sample, in a word beside the rule, and in a sentence in its editor.
import { Note } from '@/ui/States'
import { Tag } from '@/ui/Signal'
import { duration } from '@/ui/format'
import type { Outcome } from './sample'

export function OutcomeSign({ outcome }: { outcome: Outcome | undefined }) {
  if (!outcome) return null
  switch (outcome.is) {
    case 'passes':
      return <Tag tone="green">passes</Tag>
    case 'stops':
      return <Tag tone="amber">stops here</Tag>
    case 'open':
      return <Tag>depends</Tag>
    case 'wrong':
      return <Tag tone="red">cannot run</Tag>
    case 'unreached':
      return <Tag>not reached</Tag>
    case 'ran':
      return outcome.run.failure ? (
        <Tag tone="red">fails</Tag>
      ) : (
        <Tag tone="green">{duration(outcome.run.cpu_us / 1_000)}</Tag>
      )
  }
}

export function OutcomeNote({ outcome }: { outcome: Outcome | undefined }) {
  if (!outcome || outcome.is === 'ran') return null
  switch (outcome.is) {
    case 'passes':
      return (
        <Note tone="green" title="The sample passes">
          {outcome.text}
        </Note>
      )
    case 'stops':
      return (
        <Note tone="amber" title="The sample is discarded here">
          <code>{outcome.text}</code>
        </Note>
      )
    case 'open':
      return <Note>{outcome.text}</Note>
    case 'wrong':
      return (
        <Note tone="red" title="It could not be saved like this">
          {outcome.text}
        </Note>
      )
    case 'unreached':
      return <Note>An earlier rule ends the sample before it comes here.</Note>
  }
}
