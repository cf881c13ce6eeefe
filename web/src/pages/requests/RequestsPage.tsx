// All requests: what came in, filtered, over time, live.
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useNames } from '@/api/names'
import * as queries from '@/api/queries'
import { Digits, type Json } from '@/ui/body/json'
import { Button, ButtonLink } from '@/ui/Button'
import { Empty } from '@/ui/States'
import { useConfiguredFields } from '../history/fields'
import { addToMatch } from '../history/filters'
import { HistoryPage } from '../history/HistoryPage'
import { BookmarksList } from './BookmarksList'
import { columns, RequestCard } from './columns'
import { FIELDS, fits, PRESETS, STATUSES } from './fields'
import { RequestActions } from './RequestActions'
import { RequestView } from './RequestView'

/** What looks into requests is known to the gateway alone. */
const UNTOLD = ['match', 'search']

export function RequestsPage() {
  const search = useSearch({ from: '/requests' })
  const navigate = useNavigate({ from: '/requests' })
  if (search.bookmarks) return <BookmarksList onBack={() => void navigate({ search: {} })} />
  return <Requests />
}

function Requests() {
  const { bookmarks: _bookmarks, paused, ...search } = useSearch({ from: '/requests' })
  const navigate = useNavigate({ from: '/requests' })
  const names = useNames()
  const { data: sources } = useQuery(queries.sources)
  const configured = useConfiguredFields()
  const fields = useMemo(() => [configured.source, ...FIELDS], [configured])
  const table = useMemo(() => columns(names), [names])
  return (
    <HistoryPage
      resource="requests"
      title="Requests"
      search={search}
      onSearch={(changes, replace = false) =>
        void navigate({ search: (before) => ({ ...before, ...changes }), replace })
      }
      paused={paused === true}
      onPaused={(on) => void navigate({ search: (before) => ({ ...before, paused: on || undefined }) })}
      onView={(next) => void navigate({ search: next })}
      onExpand={(id) => void navigate({ to: '/requests/$id', params: { id } })}
      fields={fields}
      presets={PRESETS}
      states={STATUSES}
      fits={fits}
      untold={UNTOLD}
      columns={table}
      card={(row) => <RequestCard row={row} names={names} />}
      detail={(id, onTab) => (
        <RequestView
          key={id}
          id={id}
          tab={search.tab}
          onTab={onTab}
          actions={(request) => (
            <RequestActions
              request={request}
              source={sources?.find((item) => item.id === request.source_id)}
            />
          )}
          onPick={{
            label: 'Only requests with this value here',
            pick: (place, value) =>
              void navigate({
                search: (before) => ({
                  ...before,
                  match: addToMatch(search.match, place, plain(value)),
                  request: undefined,
                  tab: undefined,
                }),
              }),
          }}
        />
      )}
      actions={() => (
        <Button look="quiet" icon="bookmark" onClick={() => void navigate({ search: { bookmarks: true } })}>
          Bookmarks
        </Button>
      )}
      nothing={
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
      }
    />
  )
}

/** A value of the tree as JSON has it. Digits beyond a number's precision stay a text, which equals nothing, and so says so. */
function plain(value: Json): unknown {
  return value instanceof Digits ? Number(value.text) : value
}
