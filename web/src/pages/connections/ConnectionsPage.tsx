// All connections, as the graph from sources to destinations; on a phone as a list. Or the form for a new one.
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback, useMemo, useRef, useState } from 'react'
import { useMay } from '@/api/may'
import * as operating from '@/api/operating'
import * as queries from '@/api/queries'
import type { Connection, Destination, Source } from '@/api/types'
import { Button, ButtonLink } from '@/ui/Button'
import { Page } from '@/ui/Page'
import { SearchField } from '@/ui/SearchField'
import { Empty, Failure, LoadingRows } from '@/ui/States'
import { Segments } from '@/ui/Tabs'
import { count } from '@/ui/format'
import { useShortcuts } from '@/ui/shortcuts'
import { NARROW, useMedia } from '@/ui/useMedia'
import { ConnectionsList } from './ConnectionsList'
import styles from './ConnectionsPage.module.css'
import { Graph } from './Graph'
import { healthOf } from './health'
import { NewConnection } from './NewConnection'

/** With more connections than this, sources that have many are folded at first. */
const UNFOLDED_MAX = 60
const MANY = 8

export function ConnectionsPage() {
  const search = useSearch({ from: '/connections' })
  const may = useMay()
  return search.new && may('admin') ? <NewConnection /> : <Overview />
}

function Overview() {
  const search = useSearch({ from: '/connections' })
  const navigate = useNavigate({ from: '/connections' })
  const narrow = useMedia(NARROW)
  const input = useRef<HTMLInputElement>(null)
  const sources = useQuery(queries.sources)
  const connections = useQuery(queries.connections)
  const destinations = useQuery(queries.destinations)
  const { data: current } = useQuery(operating.current)
  const [toggled, setToggled] = useState<Record<string, boolean>>({})

  const set = (next: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true })
  useShortcuts('Connections', [
    { keys: '/', label: 'Search', run: () => input.current?.focus() },
    { keys: 'n', label: 'New connection', needs: 'admin', run: () => set({ new: '1' }) },
    { keys: 'j', label: 'Next connection', run: () => step(1) },
    { keys: 'k', label: 'Previous connection', run: () => step(-1) },
  ])

  const shown = useMemo(
    () =>
      narrowTo(
        {
          sources: sources.data ?? [],
          connections: connections.data ?? [],
          destinations: destinations.data ?? [],
        },
        search.q,
        search.show === 'trouble',
        (connection, destination) =>
          healthOf(connection, destination, current?.connections[connection.id]).trouble,
      ),
    [sources.data, connections.data, destinations.data, search.q, search.show, current],
  )
  const total = connections.data?.length ?? 0
  const narrowed = Boolean(search.q) || search.show === 'trouble'
  const fold = search.fold
  const isFolded = useCallback(
    (sourceId: string, size: number) =>
      toggled[sourceId] ??
      (fold === 'all' || (fold === undefined && !narrowed && total > UNFOLDED_MAX && size > MANY)),
    [toggled, fold, narrowed, total],
  )

  const error = connections.error ?? sources.error ?? destinations.error
  const pending = connections.isPending || sources.isPending || destinations.isPending
  const nothing = !pending && total === 0 && (sources.data?.length ?? 0) === 0
  return (
    <Page
      title="Connections"
      beside={total > 0 && count(total)}
      actions={
        <ButtonLink
          look="primary"
          icon="plus"
          needs="admin"
          to="/connections"
          search={(before: Record<string, unknown>) => ({ ...before, new: '1' })}
        >
          {narrow ? 'New' : 'New connection'}
        </ButtonLink>
      }
    >
      {error ? (
        <Failure error={error} retry={() => void connections.refetch()} />
      ) : pending ? (
        <LoadingRows rows={9} label="Loading connections" />
      ) : nothing ? (
        <Empty
          title="Nothing is connected yet"
          action={
            <>
              <ButtonLink look="primary" to="/console">
                Receive a first webhook
              </ButtonLink>
              <Button needs="admin" onClick={() => set({ new: '1' })}>
                Make a connection
              </Button>
            </>
          }
        >
          A connection takes what arrives at a source through its rules to a destination.
        </Empty>
      ) : (
        <>
          <div className={styles.bar}>
            <SearchField
              ref={input}
              value={search.q ?? ''}
              onChange={(q) => set({ q: q || undefined })}
              label="Search connections, sources and destinations"
              placeholder="Search names, providers, addresses"
            />
            <Segments
              label="Which connections"
              value={search.show ?? 'all'}
              onChange={(value) => set({ show: value === 'trouble' ? 'trouble' : undefined })}
              options={[
                { value: 'all', label: 'All' },
                { value: 'trouble', label: 'In trouble' },
              ]}
            />
            {!narrow && total > MANY && (
              <Button
                small
                look="quiet"
                onClick={() => {
                  setToggled({})
                  set({ fold: fold === 'all' ? 'none' : 'all' })
                }}
              >
                {fold === 'all' ? 'Unfold all' : 'Fold all'}
              </Button>
            )}
          </div>
          {shown.connections.length === 0 && narrowed ? (
            <Empty
              plain
              title={search.q ? `Nothing fits “${search.q}”` : 'No connection is in trouble'}
              action={<Button onClick={() => set({ q: undefined, show: undefined })}>Show all</Button>}
            />
          ) : narrow ? (
            <ConnectionsList {...shown} />
          ) : (
            <Graph
              {...shown}
              isFolded={isFolded}
              onFold={(id, folded) => setToggled((before) => ({ ...before, [id]: folded }))}
              withLone={!narrowed}
            />
          )}
        </>
      )}
    </Page>
  )
}

/** Focus goes from rung to rung. */
function step(by: number) {
  const rungs = [...document.querySelectorAll<HTMLElement>('[data-rung]')]
  const at = rungs.findIndex((rung) => rung === document.activeElement)
  const next = rungs[at === -1 ? (by > 0 ? 0 : rungs.length - 1) : at + by]
  next?.focus()
}

type Shown = { sources: Source[]; connections: Connection[]; destinations: Destination[] }

/** What fits the words, in the names at either end as well; with the ends it needs. */
function narrowTo(
  all: Shown,
  text: string | undefined,
  troubleOnly: boolean,
  inTrouble: (connection: Connection, destination: Destination | undefined) => boolean,
): Shown {
  if (!text && !troubleOnly) return all
  const words = (text ?? '').toLowerCase().split(/\s+/).filter(Boolean)
  const source = new Map(all.sources.map((item) => [item.id, item]))
  const destination = new Map(all.destinations.map((item) => [item.id, item]))
  const connections = all.connections.filter((connection) => {
    const from = source.get(connection.source_id)
    const to = destination.get(connection.destination_id)
    if (troubleOnly && !inTrouble(connection, to)) return false
    const said =
      `${connection.name} ${connection.id} ${from?.name} ${from?.provider} ${to?.name} ${to?.url ?? ''}`.toLowerCase()
    return words.every((word) => said.includes(word))
  })
  return { sources: all.sources, connections, destinations: all.destinations }
}
