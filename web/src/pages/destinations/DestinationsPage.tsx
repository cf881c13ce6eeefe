// All destinations and how their lanes stand.
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useMemo, useRef, useState } from 'react'
import { useMay } from '@/api/may'
import * as operating from '@/api/operating'
import * as queries from '@/api/queries'
import type { Current, Destination, Lane } from '@/api/types'
import { Button, IconButton } from '@/ui/Button'
import { DataTable, type Column } from '@/ui/DataTable'
import { Page } from '@/ui/Page'
import { SearchField } from '@/ui/SearchField'
import { Signal } from '@/ui/Signal'
import { Empty, Failure, LoadingRows } from '@/ui/States'
import { compact, count, duration } from '@/ui/format'
import { useShortcuts } from '@/ui/shortcuts'
import { NARROW, useMedia } from '@/ui/useMedia'
import { DestinationDialog } from './DestinationDialog'
import styles from './DestinationsPage.module.css'
import { laneState } from './laneWords'
import { usePause } from './usePause'

type Row = {
  destination: Destination
  lane: Lane | undefined
  rate: Current['destinations'][string] | undefined
}

export function DestinationsPage() {
  const search = useSearch({ from: '/destinations' })
  const navigate = useNavigate({ from: '/destinations' })
  const narrow = useMedia(NARROW)
  const input = useRef<HTMLInputElement>(null)
  const destinations = useQuery(queries.destinations)
  const { data: lanes } = useQuery(operating.lanes)
  const { data: current } = useQuery(operating.current)
  const [at, setAt] = useState<string | undefined>()
  const pause = usePause()
  const may = useMay()
  const set = (next: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true })

  const rows = useMemo<Row[]>(() => {
    const laneOf = new Map((lanes ?? []).map((lane) => [lane.destination_id, lane]))
    const words = (search.q ?? '').toLowerCase().split(/\s+/).filter(Boolean)
    return (destinations.data ?? [])
      .filter((destination) => {
        const said = `${destination.name} ${destination.id} ${destination.url ?? 'pull'}`.toLowerCase()
        return words.every((word) => said.includes(word))
      })
      .map((destination) => ({
        destination,
        lane: laneOf.get(destination.id),
        rate: current?.destinations[destination.id],
      }))
  }, [destinations.data, lanes, current, search.q])

  const open = (row: Row) =>
    void navigate({ to: '/destinations/$id', params: { id: row.destination.id }, search: {} })
  const focused = rows.find((row) => row.destination.id === at)
  useShortcuts('Destinations', [
    { keys: '/', label: 'Search', run: () => input.current?.focus() },
    { keys: 'n', label: 'New destination', needs: 'admin', run: () => set({ new: '1' }) },
    { keys: 'Enter', label: 'Open the row', run: () => focused && open(focused) },
    {
      keys: 'p',
      label: 'Pause or resume the row',
      needs: 'operate',
      run: () => focused && void pause.toggle(focused.destination),
    },
  ])

  return (
    <Page
      fill
      title="Destinations"
      beside={destinations.data && destinations.data.length > 0 && count(destinations.data.length)}
      actions={
        <Button look="primary" icon="plus" needs="admin" onClick={() => set({ new: '1' })}>
          {narrow ? 'New' : 'New destination'}
        </Button>
      }
    >
      {destinations.error ? (
        <Failure error={destinations.error} retry={() => void destinations.refetch()} />
      ) : destinations.isPending ? (
        <LoadingRows label="Loading destinations" />
      ) : destinations.data.length === 0 ? (
        <Empty
          title="No destinations yet"
          action={
            <Button look="primary" needs="admin" onClick={() => set({ new: '1' })}>
              Make the first one
            </Button>
          }
        >
          A destination is where events go: a URL they are sent to, or consumers that ask for them.
        </Empty>
      ) : (
        <>
          <div className={styles.bar}>
            <SearchField
              ref={input}
              value={search.q ?? ''}
              onChange={(q) => set({ q: q || undefined })}
              label="Search destinations"
              placeholder="Search names and addresses"
            />
          </div>
          {rows.length === 0 ? (
            <Empty
              plain
              title={`Nothing fits “${search.q}”`}
              action={<Button onClick={() => set({ q: undefined })}>Show all</Button>}
            />
          ) : (
            <DataTable
              label="Destinations"
              rows={rows}
              columns={columns(pause, lanes !== null, current !== null)}
              rowKey={(row) => row.destination.id}
              openKey={at}
              onOpen={open}
              onStep={(row) => setAt(row.destination.id)}
              card={(row) => <Card row={row} />}
            />
          )}
        </>
      )}
      <DestinationDialog
        open={search.new !== undefined && may('admin')}
        onOpenChange={(on) => !on && set({ new: undefined })}
        onMade={(made) => void navigate({ to: '/destinations/$id', params: { id: made.id }, search: {} })}
      />
    </Page>
  )
}

function columns(pause: ReturnType<typeof usePause>, withLanes: boolean, withRates: boolean): Column<Row>[] {
  const all: (Column<Row> | false)[] = [
    {
      key: 'state',
      header: 'Lane',
      width: '132px',
      render: ({ destination, lane }) => <Signal state={laneState(destination, lane)} />,
    },
    {
      key: 'name',
      header: 'Name',
      width: 'minmax(120px, 1fr)',
      render: ({ destination }) => (
        <Link to="/destinations/$id" params={{ id: destination.id }} search={{}} className={styles.name}>
          {destination.name}
        </Link>
      ),
    },
    {
      key: 'url',
      header: 'Where',
      width: 'minmax(120px, 1.6fr)',
      from: 860,
      render: ({ destination }) => (
        <span className={styles.where} title={destination.url}>
          {shortUrl(destination.url)}
        </span>
      ),
    },
    withLanes && {
      key: 'undelivered',
      header: 'Waiting',
      width: '76px',
      align: 'end',
      render: ({ lane }) => (lane && lane.undelivered > 0 ? compact(lane.undelivered) : <Dash />),
    },
    withLanes && {
      key: 'oldest',
      header: 'Oldest',
      width: '88px',
      align: 'end',
      from: 640,
      render: ({ lane }) => (lane?.oldest_undelivered_ms ? duration(lane.oldest_undelivered_ms) : <Dash />),
    },
    withLanes && {
      key: 'flight',
      header: 'Under way',
      width: '84px',
      align: 'end',
      from: 760,
      render: ({ destination, lane }) => (
        <span title="Attempts under way, of so many at the same time">
          {lane?.in_flight ?? 0}
          <span className={styles.of}> / {compact(lane?.width ?? destination.concurrency)}</span>
        </span>
      ),
    },
    withRates && {
      key: 'rate',
      header: 'Last minute',
      width: '116px',
      align: 'end',
      render: ({ rate }) =>
        rate && rate.successful + rate.failed > 0 ? (
          <span>
            {compact(rate.successful)}
            {rate.failed > 0 && <span className={styles.bad}> {compact(rate.failed)} failed</span>}
          </span>
        ) : (
          <Dash />
        ),
    },
    withRates && {
      key: 'p95',
      header: '95 of 100 in',
      width: '92px',
      align: 'end',
      from: 980,
      render: ({ rate }) => (rate?.attempt_ms ? duration(rate.attempt_ms.p95) : <Dash />),
    },
    {
      key: 'pause',
      header: <span className="visually-hidden">Pause or resume</span>,
      width: '32px',
      align: 'end',
      render: ({ destination }) => (
        <IconButton
          needs="operate"
          small
          icon={destination.paused_at ? 'play' : 'pause'}
          label={`${destination.paused_at ? 'Resume' : 'Pause'} ${destination.name}`}
          disabled={pause.busy}
          onClick={() => void pause.toggle(destination)}
        />
      ),
    },
  ]
  return all.filter((column) => column !== false)
}

/** Without the scheme, which tells nothing here. */
function shortUrl(url: string | undefined): string {
  return url?.replace(/^https?:\/\//, '') ?? 'consumers ask for it'
}

function Dash() {
  return <span className={styles.dash}>–</span>
}

function Card({ row: { destination, lane, rate } }: { row: Row }) {
  return (
    <Link to="/destinations/$id" params={{ id: destination.id }} search={{}} className={styles.card}>
      <span className={styles.cardLine}>
        <Signal state={laneState(destination, lane)}>{destination.name}</Signal>
        <span className={styles.push}>
          {lane && lane.undelivered > 0 ? `${compact(lane.undelivered)} waiting` : ''}
        </span>
      </span>
      <span className={styles.cardSub}>
        <span>{shortUrl(destination.url)}</span>
        <span className={styles.push}>
          {rate && rate.successful > 0 ? `${compact(rate.successful)}/min` : ''}
        </span>
      </span>
    </Link>
  )
}
