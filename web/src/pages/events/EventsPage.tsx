// All events: what became of what came in, filtered, over time, live; and what can be done to many of them.
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { useMay } from '@/api/may'
import { useNames } from '@/api/names'
import type { BulkAction, EventState } from '@/api/types'
import { Button, ButtonLink } from '@/ui/Button'
import { plural } from '@/ui/format'
import { Empty } from '@/ui/States'
import { useConfiguredFields } from '../history/fields'
import { HistoryPage } from '../history/HistoryPage'
import { ACTIONS, actOnAll, NAME } from './actions'
import { BulkBanner } from './BulkBanner'
import { BulkMenu } from './BulkMenu'
import { columns, EventCard } from './columns'
import styles from './EventsPage.module.css'
import { EventView } from './EventView'
import { FIELDS, fits, PRESETS } from './fields'

const STATES: EventState[] = ['successful', 'queued', 'scheduled', 'held', 'failed', 'cancelled', 'discarded']
/** What looks into requests is known to the gateway alone, and rows do not have their provider's id. */
const UNTOLD = ['match', 'search', 'provider_event_id']

export function EventsPage() {
  const { paused, ...search } = useSearch({ from: '/events' })
  const navigate = useNavigate({ from: '/events' })
  const may = useMay()
  const names = useNames()
  const configured = useConfiguredFields()
  const fields = useMemo(
    () => [configured.source, configured.connection, configured.destination, ...FIELDS],
    [configured],
  )
  const table = useMemo(() => columns(names), [names])
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set())
  const pick = (id: string, on: boolean) => {
    const next = new Set(picked)
    if (on) next.add(id)
    else next.delete(id)
    setPicked(next)
  }
  const onPicked = async (action: BulkAction) => {
    await actOnAll(action, [...picked])
    setPicked(new Set())
  }
  return (
    <HistoryPage
      resource="events"
      title="Events"
      search={search}
      onSearch={(changes, replace = false) =>
        void navigate({ search: (before) => ({ ...before, ...changes }), replace })
      }
      paused={paused === true}
      onPaused={(on) => void navigate({ search: (before) => ({ ...before, paused: on || undefined }) })}
      onView={(next) => void navigate({ search: next })}
      onExpand={(id) => void navigate({ to: '/events/$id', params: { id } })}
      fields={fields}
      presets={PRESETS}
      states={STATES}
      fits={fits}
      untold={UNTOLD}
      columns={table}
      card={(row) => <EventCard row={row} names={names} />}
      detail={(id, onTab) => <EventView key={id} id={id} tab={search.tab} onTab={onTab} />}
      actions={(filters) => <BulkMenu filters={filters} />}
      top={<BulkBanner />}
      above={
        picked.size > 0 && (
          <div className={styles.picked} role="status">
            <span>{plural(picked.size, 'event')} picked</span>
            {ACTIONS.map((action) => (
              <Button key={action} small icon={action} onClick={() => void onPicked(action)}>
                {NAME[action]}
              </Button>
            ))}
            <Button small look="quiet" onClick={() => setPicked(new Set())}>
              Pick none
            </Button>
          </div>
        )
      }
      picked={picked}
      onPick={may('operate') ? pick : undefined}
      nothing={
        <Empty
          title="No events yet"
          action={
            <ButtonLink look="primary" needs="admin" to="/connections" search={{ new: 'connection' }}>
              Connect something
            </ButtonLink>
          }
        >
          An event is one request on its way along one connection. Connect a source to a destination, and each
          accepted request becomes one.
        </Empty>
      }
    />
  )
}
