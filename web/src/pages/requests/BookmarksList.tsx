// Requests that were kept by hand, whatever the retention; each can be received once more at its source.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useNames } from '@/api/names'
import { post, remove } from '@/api/client'
import * as queries from '@/api/queries'
import type { Bookmark } from '@/api/types'
import { Button, IconButton } from '@/ui/Button'
import { DataTable, type Column } from '@/ui/DataTable'
import { plural, size } from '@/ui/format'
import { Page } from '@/ui/Page'
import { Empty, Failure, LoadingRows } from '@/ui/States'
import { Moment } from '@/ui/Time'
import { toast } from '@/ui/toast'
import styles from './RequestsPage.module.css'

export function BookmarksList({ onBack }: { onBack: () => void }) {
  const client = useQueryClient()
  const names = useNames()
  const { data, error, isPending, refetch } = useQuery(queries.bookmarks)
  const trigger = async (bookmark: Bookmark) => {
    try {
      const { request_id } = await post<{ request_id: string }>(`/bookmarks/${bookmark.id}/trigger`)
      toast.good('Received once more', `As ${request_id}.`)
      await client.invalidateQueries({ queryKey: ['requests'] })
    } catch (problem) {
      toast.problem('Not received once more', problem)
    }
  }
  const forget = async (bookmark: Bookmark) => {
    try {
      await remove(`/bookmarks/${bookmark.id}`)
      await client.invalidateQueries({ queryKey: ['bookmarks'] })
    } catch (problem) {
      toast.problem('Still bookmarked', problem)
    }
  }
  const columns: Column<Bookmark>[] = [
    {
      key: 'name',
      header: 'Name',
      width: 'minmax(160px, 2fr)',
      render: (row) => (
        <Link
          to="/requests/$id"
          params={{ id: row.request_id }}
          search={{ bookmark: row.id }}
          className={styles.link}
        >
          {row.name}
        </Link>
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
          <Button small look="quiet" icon="requests" onClick={() => void trigger(row)}>
            Receive once more
          </Button>
          <IconButton small icon="trash" label={`Forget ${row.name}`} onClick={() => void forget(row)} />
        </>
      ),
    },
  ]
  const rows = data?.data ?? []
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
          footer={plural(rows.length, 'bookmark')}
        />
      )}
    </Page>
  )
}
