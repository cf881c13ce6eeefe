// All events: what became of what came in, filtered, over time, live; and what can be done to many of them.
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback, useMemo, useState, type ReactNode } from 'react'
import { useNames } from '@/api/names'
import type { BulkAction, EventRow, EventState } from '@/api/types'
import { useLiveList } from '@/live/useLiveList'
import { Button, ButtonLink, Spinner } from '@/ui/Button'
import { DataTable } from '@/ui/DataTable'
import { plural } from '@/ui/format'
import { LiveMark } from '@/ui/LiveMark'
import { Menu } from '@/ui/Menu'
import { Page } from '@/ui/Page'
import { useShortcuts } from '@/ui/shortcuts'
import { Empty, Failure, LoadingRows } from '@/ui/States'
import { Chart } from '../history/Chart'
import { useConfiguredFields } from '../history/fields'
import { FilterBar } from '../history/FilterBar'
import type { FilterValues } from '../history/filters'
import { SearchProgress } from '../history/SearchProgress'
import { Split } from '../history/Split'
import { TimeRange } from '../history/TimeRange'
import { useHistory } from '../history/useHistory'
import { usePageState } from '../history/usePageState'
import { ViewsMenu } from '../history/ViewsMenu'
import { actOnAll, NAME } from './actions'
import { BulkBanner } from './BulkBanner'
import { BulkDialog } from './BulkDialog'
import { columns, EventCard } from './columns'
import styles from './EventsPage.module.css'
import { EventView } from './EventView'
import { FIELDS, fits, PRESETS } from './fields'
import { BULK_FILTERS } from './search'

const STATES: EventState[] = ['successful', 'queued', 'scheduled', 'held', 'failed', 'cancelled', 'discarded']
const ACTIONS: BulkAction[] = ['retry', 'replay', 'cancel']

export function EventsPage() {
  const search = useSearch({ from: '/events' })
  const navigate = useNavigate({ from: '/events' })
  const names = useNames()
  const configured = useConfiguredFields()
  const fields = useMemo(
    () => [configured.source, configured.connection, configured.destination, ...FIELDS],
    [configured],
  )
  const { paused, ...texts } = search
  const state = usePageState(texts)
  const history = useHistory('events', state.filters)
  const [bulk, setBulk] = useState<BulkAction | null>(null)
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set())

  const canFollow = !search.match && !search.search && !search.received_before && !search.provider_event_id
  const live = canFollow && !paused
  const status = useLiveList({
    on: live && !history.loading,
    resource: 'events',
    filters: state.filters,
    fits: useCallback((row: EventRow) => fits(row, state.filters), [state.filters]),
  })

  const change = (changes: FilterValues) =>
    void navigate({ search: (before) => ({ ...before, ...changes, event: undefined, tab: undefined }) })
  const open = (id: string | undefined) =>
    void navigate({ search: (before) => ({ ...before, event: id }), replace: search.event !== undefined })
  const togglePaused = () =>
    void navigate({ search: (before) => ({ ...before, paused: paused ? undefined : true }) })
  useShortcuts('Events', canFollow ? [{ keys: 'l', label: 'Live or still', run: togglePaused }] : [])

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
  const table = useMemo(() => columns(names), [names])
  return (
    <Page
      title="Events"
      fill
      beside={canFollow && <LiveMark status={paused ? 'off' : status} />}
      actions={
        <>
          {canFollow && (
            <Button look="quiet" icon={paused ? 'play' : 'pause'} onClick={togglePaused}>
              {paused ? 'Go live' : 'Hold'}
            </Button>
          )}
          <ViewsMenu
            resource="events"
            presets={PRESETS}
            current={state.current}
            onChoose={(next) => void navigate({ search: next })}
          />
          <Menu
            trigger={<Button trailing="down">All of these</Button>}
            entries={ACTIONS.map((action) => ({
              label: `${NAME[action]} all that the filters find…`,
              icon: action,
              onSelect: () => setBulk(action),
            }))}
          />
        </>
      }
    >
      <BulkBanner />
      <FilterBar fields={fields} values={texts} onChange={change}>
        <TimeRange values={texts} onChange={change} />
      </FilterBar>
      <Chart
        resource="events"
        filters={state.chartFilters}
        from={state.from}
        to={state.to}
        states={STATES}
        live={live}
        onRange={(received_after, received_before) =>
          change({ range: undefined, received_after, received_before })
        }
      />
      {history.search && (
        <SearchProgress
          search={history.search}
          found={history.rows.length}
          what="events"
          since={state.from}
          onStop={history.stop}
        />
      )}
      {picked.size > 0 && (
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
      )}
      <Split
        label="Event"
        detail={
          search.event ? (
            <EventView
              key={search.event}
              id={search.event}
              tab={search.tab}
              onTab={(tab) => void navigate({ search: (before) => ({ ...before, tab }), replace: true })}
            />
          ) : null
        }
        onClose={() => open(undefined)}
        onExpand={() => search.event && void navigate({ to: '/events/$id', params: { id: search.event } })}
      >
        <Rows history={history} filtered={Object.keys(state.current).length > 0}>
          <DataTable
            label="Events"
            rows={history.rows}
            columns={table}
            rowKey={(row) => row.id}
            openKey={search.event}
            onOpen={(row) => open(row.id)}
            card={(row) => <EventCard row={row} names={names} />}
            onEnd={history.hasMore ? history.more : undefined}
            picked={picked}
            onPick={pick}
            footer={history.hasMore ? <Spinner /> : plural(history.rows.length, 'event')}
          />
        </Rows>
      </Split>
      {bulk && <BulkDialog action={bulk} query={bulkQuery(state.filters)} onClose={() => setBulk(null)} />}
    </Page>
  )
}

/** The list's filters as a bulk operation takes them: the same, as JSON. */
function bulkQuery(filters: Record<string, unknown>): Record<string, unknown> {
  const query: Record<string, unknown> = {}
  for (const name of BULK_FILTERS) {
    const value = filters[name]
    if (typeof value !== 'string' || value === '') continue
    if (name === 'match') query[name] = JSON.parse(value)
    else query[name] = name === 'attempts_min' || name === 'attempts_max' ? Number(value) : value
  }
  return query
}

function Rows({
  history,
  filtered,
  children,
}: {
  history: ReturnType<typeof useHistory<'events'>>
  filtered: boolean
  children: ReactNode
}) {
  if (history.error && history.rows.length === 0)
    return <Failure error={history.error} retry={history.reload} />
  if (history.loading) return <LoadingRows rows={14} label="Loading events" />
  if (history.rows.length > 0) return children
  if (history.search?.running) return <LoadingRows rows={4} label="Searching" />
  return filtered ? (
    <Empty title="No event is like that">Take a filter away, or widen the time.</Empty>
  ) : (
    <Empty
      title="No events yet"
      action={
        <ButtonLink look="primary" to="/connections" search={{ new: 'connection' }}>
          Connect something
        </ButtonLink>
      }
    >
      An event is one request on its way along one connection. Connect a source to a destination, and each
      accepted request becomes one.
    </Empty>
  )
}
