// From when to when: a span that moves with the clock, or one that was marked in the chart.
import { Button } from '@/ui/Button'
import { clock, day } from '@/ui/format'
import { Menu } from '@/ui/Menu'
import { RANGES, type FilterValues } from './filters'

type Props = { values: FilterValues; onChange: (changes: FilterValues) => void }

export function TimeRange({ values, onChange }: Props) {
  const { range, received_after: after, received_before: before } = values
  const label = range
    ? (RANGES[range]?.label ?? 'Any time')
    : after || before
      ? span(after, before)
      : 'Any time'
  const set = (next: string | undefined) =>
    onChange({ range: next, received_after: undefined, received_before: undefined })
  return (
    <Menu
      trigger={
        <Button small icon="clock" trailing="down">
          {label}
        </Button>
      }
      entries={[
        { label: 'Any time', checked: !range && !after && !before, onSelect: () => set(undefined) },
        ...Object.entries(RANGES).map(([key, item]) => ({
          label: item.label,
          checked: range === key,
          onSelect: () => set(key),
        })),
        { heading: 'Mark a span in the chart for any other.' },
      ]}
    />
  )
}

function span(after: string | undefined, before: string | undefined): string {
  const at = (time: string) => `${day(time) === 'today' ? '' : `${day(time)} `}${clock(time, false)}`
  if (after && before) return `${at(after)} – ${at(before)}`
  return after ? `since ${at(after)}` : `until ${at(before ?? '')}`
}
