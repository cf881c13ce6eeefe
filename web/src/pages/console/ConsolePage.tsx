// The console: a working URL, and whatever arrives at it, as it arrives. The first page of an empty Hookyard.
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { useMay } from '@/api/may'
import * as queries from '@/api/queries'
import type { RequestRow, Source } from '@/api/types'
import { useLiveList } from '@/live/useLiveList'
import { Button, IconButton } from '@/ui/Button'
import { Combobox } from '@/ui/Combobox'
import { Page } from '@/ui/Page'
import { Bone, Empty, Failure } from '@/ui/States'
import { NARROW, useMedia } from '@/ui/useMedia'
import { RequestActions } from '../requests/RequestActions'
import { RequestView } from '../requests/RequestView'
import styles from './ConsolePage.module.css'
import { Inbox } from './Inbox'
import { SamplePanel } from './SamplePanel'
import { SourceDialog } from './source/SourceDialog'
import { useFirstSource } from './useFirstSource'
import { UrlBar, Welcome } from './Welcome'

export function ConsolePage() {
  const { data: sources, error, refetch } = useQuery(queries.sources)
  const may = useMay()
  const failure = useFirstSource(sources, may('admin'))
  const search = useSearch({ from: '/console' })
  const navigate = useNavigate({ from: '/console' })
  const [editing, setEditing] = useState<Source | 'new' | null>(null)
  const source = sources?.find((item) => item.id === search.source) ?? sources?.[0]

  return (
    <Page
      title="Console"
      fill
      actions={
        <>
          {sources && sources.length > 1 && source && (
            <div className={styles.picker}>
              <Combobox
                label="Source"
                value={source.id}
                onChange={(id) => void navigate({ search: { source: id } })}
                choices={sources.map((item) => ({ value: item.id, label: item.name, hint: item.provider }))}
              />
            </div>
          )}
          {source && (
            <IconButton
              icon="edit"
              label="Change this source"
              needs="admin"
              onClick={() => setEditing(source)}
            />
          )}
          <Button icon="plus" needs="admin" onClick={() => setEditing('new')}>
            New source
          </Button>
        </>
      }
    >
      {source ? (
        <Desk key={source.id} source={source} />
      ) : error || failure ? (
        <Failure error={error ?? failure} retry={() => void refetch()} />
      ) : sources?.length === 0 && !may('admin') ? (
        <Empty title="There is no source yet">
          A source is a URL for the webhooks of one provider. It takes a key with the scope admin to make one.
        </Empty>
      ) : (
        <div className={styles.loading} role="status" aria-label="Loading the console">
          <Bone width={120} />
          <Bone width="60%" height={40} />
        </div>
      )}
      {editing && (
        <SourceDialog
          source={editing === 'new' ? null : editing}
          onClose={() => setEditing(null)}
          onSaved={(saved) => {
            setEditing(null)
            void navigate({ search: { source: saved.id } })
          }}
        />
      )}
    </Page>
  )
}

function Desk({ source }: { source: Source }) {
  const search = useSearch({ from: '/console' })
  const navigate = useNavigate({ from: '/console' })
  const narrow = useMedia(NARROW)
  const filters = { source_id: source.id }
  const list = useInfiniteQuery(queries.requests(filters))
  const status = useLiveList({
    on: true,
    resource: 'requests',
    filters,
    fits: (row) => row.source_id === source.id,
  })
  const rows = list.data?.pages.flatMap((page) => page.data) ?? []
  const open = (id: string | undefined) =>
    void navigate({ search: (before) => ({ ...before, source: source.id, request: id }), replace: true })

  // On a wide window something is always open: what was chosen, or else the newest, until one begins to work with that.
  const following = search.request === undefined
  const openId = search.request ?? (narrow ? undefined : rows[0]?.id)
  const detailRef = useTouched(() => {
    if (following && openId) open(openId)
  })
  if (list.isPending) return null
  if (list.error) return <Failure error={list.error} retry={() => void list.refetch()} />
  if (rows.length === 0) return <Welcome source={source} status={status} onSent={() => void list.refetch()} />

  const detail = openId && (
    <RequestView
      key={openId}
      id={openId}
      tab={search.tab}
      onTab={(tab) => void navigate({ search: (before) => ({ ...before, tab }), replace: true })}
      actions={(request) => (
        <RequestActions request={request} source={source} onUse={() => following && open(request.id)} />
      )}
    />
  )
  return (
    <div className={styles.desk}>
      <div className={styles.top}>
        <UrlBar source={source} />
        <SamplePanel source={source} onSent={(id) => id && open(id)} />
      </div>
      <div className={styles.split}>
        {narrow && openId ? (
          <div className={styles.detail}>
            <Button small look="quiet" icon="left" onClick={() => open(undefined)}>
              All requests
            </Button>
            {detail}
          </div>
        ) : (
          <>
            <Inbox
              rows={rows}
              status={status}
              openId={openId}
              onOpen={(row: RequestRow) => open(row.id)}
              onFollow={following ? undefined : () => open(undefined)}
              onEnd={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()}
            />
            {!narrow && (
              <div className={styles.detail} ref={detailRef}>
                {detail}
              </div>
            )}
          </>
        )}
      </div>
    </div>
  )
}

/** Tells when what is in an element is clicked, or used with the keyboard. */
function useTouched(onTouch: () => void) {
  const ref = useRef<HTMLDivElement>(null)
  const handler = useRef(onTouch)
  useEffect(() => {
    handler.current = onTouch
  })
  useEffect(() => {
    const element = ref.current
    if (!element) return
    const onEvent = () => handler.current()
    element.addEventListener('pointerdown', onEvent)
    element.addEventListener('keydown', onEvent)
    return () => {
      element.removeEventListener('pointerdown', onEvent)
      element.removeEventListener('keydown', onEvent)
    }
  })
  return ref
}
