// The page of a list of history, of requests or of events: filters, views, how many over time, the rows as they come in, and
// beside them what is open. What is particular to either stands with its page.
import { useCallback, type ReactNode } from 'react'
import type { Query } from '@/api/client'
import { useLiveList } from '@/live/useLiveList'
import { Button, Spinner } from '@/ui/Button'
import { DataTable, type Column } from '@/ui/DataTable'
import { plural } from '@/ui/format'
import { LiveMark } from '@/ui/LiveMark'
import { Page } from '@/ui/Page'
import { useShortcuts } from '@/ui/shortcuts'
import type { SignalState } from '@/ui/Signal'
import { Empty, Failure, LoadingRows } from '@/ui/States'
import { Chart } from './Chart'
import { FilterBar } from './FilterBar'
import type { FilterField, FilterValues } from './filters'
import { SearchProgress } from './SearchProgress'
import { Split } from './Split'
import { TimeRange } from './TimeRange'
import { useHistory, type History, type Rows } from './useHistory'
import { usePageState } from './usePageState'
import type { View } from './views'
import { ViewsMenu } from './ViewsMenu'

type Props<R extends keyof Rows> = {
  resource: R
  title: string
  /** What the URL holds: filters, the open row under its noun, the tab of that. */
  search: FilterValues
  onSearch: (changes: FilterValues, replace?: boolean) => void
  /** The list stands still. */
  paused: boolean
  onPaused: (paused: boolean) => void
  /** Other filters altogether. */
  onView: (search: Record<string, string>) => void
  onExpand: (id: string) => void
  fields: FilterField[]
  presets: View[]
  states: SignalState[]
  /** Whether a row of the stream is one of the list. */
  fits: (row: Rows[R], filters: Query) => boolean
  /** Filters that only the gateway can tell of a row: with one of them the list is not followed. */
  untold: string[]
  columns: Column<Rows[R]>[]
  card: (row: Rows[R]) => ReactNode
  detail: (id: string, onTab: (tab: string) => void) => ReactNode
  /** More buttons in the head. */
  actions: (filters: Query) => ReactNode
  /** Stands above everything, and right above the rows. */
  top?: ReactNode
  above?: ReactNode
  /** Instead of rows, where there were none ever. */
  nothing: ReactNode
  picked?: ReadonlySet<string>
  onPick?: ((key: string, on: boolean) => void) | undefined
}

const NOUNS = { requests: 'request', events: 'event' } as const

export function HistoryPage<R extends keyof Rows>(props: Props<R>) {
  const { resource, title, search, onSearch, paused, untold, fits } = props
  const noun = NOUNS[resource]
  const state = usePageState(search)
  const history = useHistory(resource, state.filters)
  const openId = search[noun]

  // What lies before a time is not what comes in now.
  const canFollow = ['received_before', ...untold].every((name) => search[name] === undefined)
  const live = canFollow && !paused
  const status = useLiveList({
    on: live && !history.loading,
    resource,
    filters: state.filters,
    fits: useCallback((row: Rows[R]) => fits(row, state.filters), [fits, state.filters]),
  })

  const change = (changes: FilterValues) => onSearch({ ...changes, [noun]: undefined, tab: undefined })
  const open = (id: string | undefined) => onSearch({ [noun]: id }, openId !== undefined)
  const togglePaused = () => props.onPaused(!paused)
  useShortcuts(title, canFollow ? [{ keys: 'l', label: 'Live or still', run: togglePaused }] : [])

  return (
    <Page
      title={title}
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
            resource={resource}
            presets={props.presets}
            current={state.current}
            onChoose={props.onView}
          />
          {props.actions(state.filters)}
        </>
      }
    >
      {props.top}
      <FilterBar fields={props.fields} values={search} onChange={change}>
        <TimeRange values={search} onChange={change} />
      </FilterBar>
      <Chart
        resource={resource}
        filters={state.chartFilters}
        from={state.from}
        to={state.to}
        states={props.states}
        live={live}
        onRange={(received_after, received_before) =>
          change({ range: undefined, received_after, received_before })
        }
      />
      {history.search && (
        <SearchProgress
          search={history.search}
          found={history.rows.length}
          what={resource}
          since={state.from}
          onStop={history.stop}
        />
      )}
      {props.above}
      <Split
        label={noun === 'event' ? 'Event' : 'Request'}
        detail={openId ? props.detail(openId, (tab) => onSearch({ tab }, true)) : null}
        onClose={() => open(undefined)}
        onExpand={() => openId && props.onExpand(openId)}
      >
        <Listed
          history={history}
          resource={resource}
          filtered={Object.keys(state.current).length > 0}
          nothing={props.nothing}
        >
          <DataTable
            label={title}
            rows={history.rows}
            columns={props.columns}
            rowKey={(row) => row.id}
            openKey={openId}
            onOpen={(row) => open(row.id)}
            card={props.card}
            onEnd={history.hasMore ? history.more : undefined}
            footer={history.hasMore ? <Spinner /> : plural(history.rows.length, noun)}
            {...(props.onPick && { picked: props.picked ?? new Set(), onPick: props.onPick })}
          />
        </Listed>
      </Split>
    </Page>
  )
}

type ListedProps = {
  history: History<unknown>
  resource: keyof Rows
  filtered: boolean
  nothing: ReactNode
  children: ReactNode
}

/** The rows, or why there are none. */
function Listed({ history, resource, filtered, nothing, children }: ListedProps) {
  if (history.error && history.rows.length === 0)
    return <Failure error={history.error} retry={history.reload} />
  if (history.loading) return <LoadingRows rows={14} label={`Loading ${resource}`} />
  if (history.rows.length > 0) return children
  if (history.search?.running) return <LoadingRows rows={4} label="Searching" />
  if (!filtered) return nothing
  return <Empty title={`No ${NOUNS[resource]} is like that`}>Take a filter away, or widen the time.</Empty>
}
