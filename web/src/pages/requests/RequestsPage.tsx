// All requests: what came in, filtered, over time, live.
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback, useMemo } from 'react'
import { useNames } from '@/api/names'
import * as queries from '@/api/queries'
import type { RequestRow, RequestStatus } from '@/api/types'
import { useLiveList } from '@/live/useLiveList'
import { Digits, type Json } from '@/ui/body/json'
import { Button, ButtonLink, Spinner } from '@/ui/Button'
import { DataTable } from '@/ui/DataTable'
import { plural } from '@/ui/format'
import { LiveMark } from '@/ui/LiveMark'
import { Page } from '@/ui/Page'
import { useShortcuts } from '@/ui/shortcuts'
import { Empty, Failure, LoadingRows } from '@/ui/States'
import { Chart } from '../history/Chart'
import { MATCH, PROVIDER_EVENT_ID, TOPIC, useConfiguredFields } from '../history/fields'
import { addToMatch, type FilterField, type FilterValues } from '../history/filters'
import { FilterBar } from '../history/FilterBar'
import { SearchProgress } from '../history/SearchProgress'
import { Split } from '../history/Split'
import { TimeRange } from '../history/TimeRange'
import { useHistory } from '../history/useHistory'
import { usePageState } from '../history/usePageState'
import type { View } from '../history/views'
import { ViewsMenu } from '../history/ViewsMenu'
import { BookmarksList } from './BookmarksList'
import { columns, RequestCard } from './columns'
import { RequestActions } from './RequestActions'
import { RequestView } from './RequestView'

const STATUSES: RequestStatus[] = ['accepted', 'handshake', 'pending', 'rejected']
const word = (value: string) => ({ value, label: value.replaceAll('_', ' ') })
const FIELDS: FilterField[] = [
  { name: 'status', label: 'Status', choices: STATUSES.map(word) },
  {
    name: 'cause',
    label: 'Cause',
    choices: [
      'unknown_source',
      'method_not_allowed',
      'verification_failed',
      'body_too_large',
      'key_unavailable',
    ].map(word),
  },
  TOPIC,
  PROVIDER_EVENT_ID,
  { name: 'method', label: 'Method', choices: ['POST', 'PUT', 'GET', 'PATCH', 'DELETE', 'HEAD'].map(word) },
  MATCH,
]
const PRESETS: View[] = [
  { name: 'All requests', search: {} },
  { name: 'Rejected', search: { status: 'rejected' } },
  { name: 'Failed verification', search: { cause: 'verification_failed' } },
  { name: 'Handshakes', search: { status: 'handshake' } },
]

export function RequestsPage() {
  const search = useSearch({ from: '/requests' })
  const navigate = useNavigate({ from: '/requests' })
  if (search.bookmarks) return <BookmarksList onBack={() => void navigate({ search: {} })} />
  return <Requests />
}

function Requests() {
  const search = useSearch({ from: '/requests' })
  const navigate = useNavigate({ from: '/requests' })
  const names = useNames()
  const { data: sources } = useQuery(queries.sources)
  const configured = useConfiguredFields()
  const fields = useMemo(() => [configured.source, ...FIELDS], [configured])
  const { paused, bookmarks: _bookmarks, ...texts } = search
  const state = usePageState(texts)
  const history = useHistory('requests', state.filters)

  // What looks into requests is known to the gateway alone, and so is what lies before a time.
  const canFollow = !search.match && !search.search && !search.received_before
  const fits = useCallback(
    (row: RequestRow) =>
      (['source_id', 'status', 'cause', 'method', 'topic', 'provider_event_id'] as const).every(
        (name) => !state.filters[name] || row[name] === state.filters[name],
      ),
    [state.filters],
  )
  const live = canFollow && !paused
  const status = useLiveList({
    on: live && !history.loading,
    resource: 'requests',
    filters: state.filters,
    fits,
  })

  const change = (changes: FilterValues) =>
    void navigate({ search: (before) => ({ ...before, ...changes, request: undefined, tab: undefined }) })
  const open = (id: string | undefined) =>
    void navigate({ search: (before) => ({ ...before, request: id }), replace: search.request !== undefined })
  const togglePaused = () =>
    void navigate({ search: (before) => ({ ...before, paused: paused ? undefined : true }) })
  useShortcuts('Requests', canFollow ? [{ keys: 'l', label: 'Live or still', run: togglePaused }] : [])

  const table = useMemo(() => columns(names), [names])
  return (
    <Page
      title="Requests"
      fill
      beside={canFollow && <LiveMark status={paused ? 'off' : status} />}
      actions={
        <>
          {canFollow && (
            <Button look="quiet" icon={paused ? 'play' : 'pause'} onClick={togglePaused}>
              {paused ? 'Go live' : 'Hold'}
            </Button>
          )}
          <Button look="quiet" icon="bookmark" onClick={() => void navigate({ search: { bookmarks: true } })}>
            Bookmarks
          </Button>
          <ViewsMenu
            resource="requests"
            presets={PRESETS}
            current={state.current}
            onChoose={(next) => void navigate({ search: next })}
          />
        </>
      }
    >
      <FilterBar fields={fields} values={texts} onChange={change}>
        <TimeRange values={texts} onChange={change} />
      </FilterBar>
      <Chart
        resource="requests"
        filters={state.chartFilters}
        from={state.from}
        to={state.to}
        states={STATUSES}
        live={live}
        onRange={(received_after, received_before) =>
          change({ range: undefined, received_after, received_before })
        }
      />
      {history.search && (
        <SearchProgress
          search={history.search}
          found={history.rows.length}
          what="requests"
          since={state.from}
          onStop={history.stop}
        />
      )}
      <Split
        label="Request"
        detail={
          search.request ? (
            <RequestView
              key={search.request}
              id={search.request}
              tab={search.tab}
              onTab={(tab) => void navigate({ search: (before) => ({ ...before, tab }), replace: true })}
              actions={(request) => (
                <RequestActions
                  request={request}
                  source={sources?.find((item) => item.id === request.source_id)}
                />
              )}
              onPick={{
                label: 'Only requests with this value here',
                pick: (place, value) => change({ match: addToMatch(search.match, place, plain(value)) }),
              }}
            />
          ) : null
        }
        onClose={() => open(undefined)}
        onExpand={() =>
          search.request && void navigate({ to: '/requests/$id', params: { id: search.request } })
        }
      >
        <Rows history={history} filtered={Object.keys(state.current).length > 0}>
          <DataTable
            label="Requests"
            rows={history.rows}
            columns={table}
            rowKey={(row) => row.id}
            openKey={search.request}
            onOpen={(row) => open(row.id)}
            card={(row) => <RequestCard row={row} names={names} />}
            onEnd={history.hasMore ? history.more : undefined}
            footer={history.hasMore ? <Spinner /> : plural(history.rows.length, 'request')}
          />
        </Rows>
      </Split>
    </Page>
  )
}

function Rows({
  history,
  filtered,
  children,
}: {
  history: ReturnType<typeof useHistory<'requests'>>
  filtered: boolean
  children: React.ReactNode
}) {
  if (history.error && history.rows.length === 0)
    return <Failure error={history.error} retry={history.reload} />
  if (history.loading) return <LoadingRows rows={14} label="Loading requests" />
  if (history.rows.length > 0) return children
  if (history.search?.running) return <LoadingRows rows={4} label="Searching" />
  return filtered ? (
    <Empty title="No request is like that">Take a filter away, or widen the time.</Empty>
  ) : (
    <Empty
      title="Nothing has come in yet"
      action={
        <ButtonLink look="primary" to="/console">
          Get a URL
        </ButtonLink>
      }
    >
      Every request that arrives is kept here as it was, byte for byte.
    </Empty>
  )
}

/** A value of the tree as JSON has it. Digits beyond a number's precision stay a text, which equals nothing, and so says so. */
function plain(value: Json): unknown {
  return value instanceof Digits ? Number(value.text) : value
}
