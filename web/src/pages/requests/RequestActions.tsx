// What can be done with a request: copy it, keep it, have it received or sent once more, forward it.
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { post } from '@/api/client'
import * as queries from '@/api/queries'
import type { Bookmark, RequestDetail, Source } from '@/api/types'
import { Button, IconButton } from '@/ui/Button'
import { CopyButton } from '@/ui/Copy'
import { plural } from '@/ui/format'
import { Menu, type MenuEntry } from '@/ui/Menu'
import { useShortcuts } from '@/ui/shortcuts'
import { toast } from '@/ui/toast'
import { ForwardDialog } from '../console/ForwardDialog'
import { curl } from './parts'

/** Keeps a copy of the request that outlives retention. */
export async function bookmark(request: RequestDetail): Promise<Bookmark> {
  return post<Bookmark>('/bookmarks', {
    request_id: request.id,
    // Names have 100 characters at most.
    name: (request.topic ?? `${request.method ?? 'Request'} ${request.id}`).slice(0, 100),
  })
}

type Props = {
  request: RequestDetail
  source: Source | undefined
  /** Something is done with it now. */
  onUse?: () => void
}

export function RequestActions({ request, source, onUse }: Props) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const [forward, setForward] = useState(false)
  const [busy, setBusy] = useState(false)
  const openForward = () => {
    onUse?.()
    setForward(true)
  }
  const events = request.events.data
  const ended = events.filter((event) =>
    ['successful', 'failed', 'cancelled', 'discarded'].includes(event.state),
  )

  const perform = async (failure: string, action: () => Promise<void>) => {
    setBusy(true)
    try {
      await action()
    } catch (error) {
      toast.problem(failure, error)
    } finally {
      setBusy(false)
    }
  }
  const replay = () =>
    perform('Not replayed', async () => {
      await Promise.all(ended.map((event) => post(`/events/${event.id}/replay`)))
      toast.good(
        `${plural(ended.length, 'event')} replayed`,
        'Through the rules of their connections as they are now.',
      )
      await client.invalidateQueries({ queryKey: ['events'] })
      await client.invalidateQueries(queries.request(request.id))
    })
  const again = () =>
    perform('Not received once more', async () => {
      const kept = await bookmark(request)
      const { request_id } = await post<{ request_id: string }>(`/bookmarks/${kept.id}/trigger`)
      toast.good('Received once more', `As ${request_id}; the original is kept as a bookmark.`)
      await client.invalidateQueries({ queryKey: ['requests'] })
      await client.invalidateQueries({ queryKey: ['bookmarks'] })
    })
  const keep = () =>
    perform('Not bookmarked', async () => {
      await bookmark(request)
      toast.good('Bookmarked', 'It is kept, whatever the retention. Find it under Requests → Bookmarks.')
      await client.invalidateQueries({ queryKey: ['bookmarks'] })
    })
  useShortcuts('Request', [
    { keys: 'b', label: 'Bookmark', needs: 'operate', run: () => void keep() },
    { keys: 'f', label: 'Forward it to…', needs: 'admin', run: openForward },
  ])

  const entries: MenuEntry[] = [
    { label: 'Receive once more', icon: 'requests', needs: 'operate', onSelect: () => void again() },
    { label: 'Bookmark', icon: 'bookmark', hint: 'B', needs: 'operate', onSelect: () => void keep() },
    'line',
    {
      label: 'All requests of this source',
      icon: 'list',
      onSelect: () =>
        void navigate({ to: '/requests', search: request.source_id ? { source_id: request.source_id } : {} }),
    },
    {
      label: 'Open on its own page',
      icon: 'expand',
      onSelect: () => void navigate({ to: '/requests/$id', params: { id: request.id } }),
    },
  ]
  return (
    <>
      {request.source_id !== null && request.status === 'accepted' && (
        <Button small icon="send" needs="admin" onClick={openForward}>
          Forward it to…
        </Button>
      )}
      {ended.length > 0 && (
        <Button small icon="replay" needs="operate" busy={busy} onClick={() => void replay()}>
          Replay
        </Button>
      )}
      <CopyButton small text={() => curl(request, source)} label="Copy as curl" />
      <Menu trigger={<IconButton small icon="more" label="More" />} entries={entries} />
      {forward && source && (
        <ForwardDialog source={source} request={request} onClose={() => setForward(false)} />
      )}
    </>
  )
}
