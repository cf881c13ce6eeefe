// What can be done to all events that the filters find.
import { useState } from 'react'
import type { Query } from '@/api/client'
import { useMay } from '@/api/may'
import type { BulkAction } from '@/api/types'
import { Button } from '@/ui/Button'
import { Menu } from '@/ui/Menu'
import { ACTIONS, NAME } from './actions'
import { BulkDialog } from './BulkDialog'
import { BULK_FILTERS } from './search'

export function BulkMenu({ filters }: { filters: Query }) {
  const may = useMay()
  const [action, setAction] = useState<BulkAction | null>(null)
  if (!may('operate')) return null
  return (
    <>
      <Menu
        trigger={<Button trailing="down">All of these</Button>}
        entries={ACTIONS.map((name) => ({
          label: `${NAME[name]} all that the filters find…`,
          icon: name,
          onSelect: () => setAction(name),
        }))}
      />
      {action && <BulkDialog action={action} query={bulkQuery(filters)} onClose={() => setAction(null)} />}
    </>
  )
}

/** The list's filters as a bulk operation takes them: the same, as JSON. */
function bulkQuery(filters: Query): Record<string, unknown> {
  const query: Record<string, unknown> = {}
  for (const name of BULK_FILTERS) {
    const value = filters[name]
    if (typeof value !== 'string' || value === '') continue
    if (name === 'match') query[name] = JSON.parse(value)
    else query[name] = name === 'attempts_min' || name === 'attempts_max' ? Number(value) : value
  }
  return query
}
