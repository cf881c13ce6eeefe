// Requests that were kept by hand, whatever the retention; each can be received once more at its source, and has a name and a
// note that people give it.
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useNames } from '@/api/names'
import { post } from '@/api/client'
import * as queries from '@/api/queries'
import type { Bookmark } from '@/api/types'
import { Button, IconButton, Spinner } from '@/ui/Button'
import { DataTable, type Column } from '@/ui/DataTable'
import { plural, size } from '@/ui/format'
import { Page } from '@/ui/Page'
import { Empty, Failure, LoadingRows } from '@/ui/States'
import { Moment } from '@/ui/Time'
import { toast } from '@/ui/toast'
import { BookmarkDialog } from './BookmarkDialog'
import styles from './RequestsPage.module.css'

export function BookmarksList({ onBack }: { onBack: () => void }) {
  const client = useQueryClient()
  const names = useNames()
  const query = useInfiniteQuery(queries.bookmarks)
  const { data, error, isPending, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = query
  const [editing, setEditing] = useState<Bookmark | null>(null)
  const trigger = async (bookmark: Bookmark) => {
    try {
      const { request_id } = await post<{ request_id: string }>(`/bookmarks/${bookmark.id}/trigger`)
      toast.good('Received once more', `As ${request_id}.`)
      await client.invalidateQueries({ queryKey: ['requests'] })
    } catch (problem) {
      toast.problem('Not received once more', problem)
    }
  }
  const name = (row: Bookmark) => (
    <Link
      to="/requests/$id"
      params={{ id: row.request_id }}
      search={{ bookmark: row.id }}
      className={styles.link}
    >
      {row.name}
    </Link>
  )
  const edit = (row: Bookmark) => (
    <IconButton
      small
      icon="edit"
      needs="operate"
      label={`Edit ${row.name}`}
      onClick={() => setEditing(row)}
    />
  )
  const columns: Column<Bookmark>[] = [
    { key: 'name', header: 'Name', width: 'minmax(160px, 2fr)', render: name },
    {
      key: 'note',
      header: 'Note',
      width: 'minmax(120px, 2fr)',
      from: 900,
      render: (row) => (
        <span className={styles.faint} title={row.note}>
          {row.note || '–'}
        </span>
      ),
    },
    { key: 'source', header: 'Source', width: 'minmax(90px, 1fr)', render: (row) => names.of(row.source_id) },
    {
      key: 'topic',
      header: 'Topic',
      width: 'minmax(90px, 1fr)',
      from: 720,
      render: (row) => row.topic ?? '–',
    },
    {
      key: 'size',
      header: 'Size',
      width: '72px',
      align: 'end',
      from: 620,
      render: (row) => size(row.body_bytes),
    },
    {
      key: 'at',
      header: 'Kept',
      width: '150px',
      from: 560,
      render: (row) => <Moment at={row.created_at} milliseconds={false} />,
    },
    {
      key: 'do',
      header: <span className="visually-hidden">Actions</span>,
      width: '210px',
      align: 'end',
      render: (row) => (
        <>
          <Button small look="quiet" icon="requests" needs="operate" onClick={() => void trigger(row)}>
            Receive once more
          </Button>
          {edit(row)}
        </>
      ),
    },
  ]
  const card = (row: Bookmark) => (
    <div className={styles.card}>
      <div className={styles.line}>
        {name(row)}
        <span className={styles.push} />
        <IconButton
          small
          icon="requests"
          needs="operate"
          label={`Receive ${row.name} once more`}
          onClick={() => void trigger(row)}
        />
        {edit(row)}
      </div>
      <span className={styles.faint}>
        {names.of(row.source_id)} · {row.note || <Moment at={row.created_at} milliseconds={false} />}
      </span>
    </div>
  )
  const rows = data?.pages.flatMap((page) => page.data) ?? []
  return (
    <Page
      title="Bookmarks"
      fill
      before={
        <Button look="quiet" small icon="left" onClick={onBack}>
          Requests
        </Button>
      }
    >
      {error ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : isPending ? (
        <LoadingRows />
      ) : rows.length === 0 ? (
        <Empty title="No bookmarks">
          A bookmark keeps a copy of a request, however old it gets, to be received once more. Press B on a
          request.
        </Empty>
      ) : (
        <DataTable
          label="Bookmarks"
          rows={rows}
          columns={columns}
          rowKey={(row) => row.id}
          card={card}
          onEnd={() => hasNextPage && !isFetchingNextPage && void fetchNextPage()}
          footer={hasNextPage ? <Spinner /> : plural(rows.length, 'bookmark')}
        />
      )}
      {editing && <BookmarkDialog bookmark={editing} close={() => setEditing(null)} />}
    </Page>
  )
}
