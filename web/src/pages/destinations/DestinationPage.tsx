// One destination: how its lane stands, its settings, what it verifies deliveries with.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { change } from '@/api/change'
import { describe, isCode } from '@/api/problem'
import * as operating from '@/api/operating'
import * as queries from '@/api/queries'
import type { Destination } from '@/api/types'
import { BackLink } from '@/ui/BackLink'
import { Button, IconButton } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { Menu } from '@/ui/Menu'
import { Page } from '@/ui/Page'
import { Badge } from '@/ui/Signal'
import { Failure, LoadingRows, Note } from '@/ui/States'
import { Tabs } from '@/ui/Tabs'
import { useShortcuts } from '@/ui/shortcuts'
import { toast } from '@/ui/toast'
import { Ago } from '@/ui/Time'
import { DestinationSettings } from './DestinationSettings'
import { LaneOverview } from './LaneOverview'
import { breakerText, laneState } from './laneWords'
import type { TABS } from './search'
import { Signing } from './Signing'
import { usePause } from './usePause'

export function DestinationPage() {
  const { id } = useParams({ from: '/destinations/$id' })
  const query = useQuery({ ...queries.destination(id), refetchInterval: 10_000 })
  if (query.data) return <Loaded destination={query.data} />
  return (
    <Page title="Destination" before={<BackLink to="/destinations" label="All destinations" />}>
      {query.error ? (
        <Failure error={query.error} retry={() => void query.refetch()} />
      ) : (
        <LoadingRows rows={6} label="Loading the destination" />
      )}
    </Page>
  )
}

function Loaded({ destination }: { destination: Destination }) {
  const search = useSearch({ from: '/destinations/$id' })
  const navigate = useNavigate({ from: '/destinations/$id' })
  const { data: lane } = useQuery(operating.lane(destination.id))
  const pause = usePause()
  const [deleting, setDeleting] = useState(false)
  const tab = search.tab ?? 'overview'
  const paused = destination.paused_at !== null
  const state = laneState(destination, lane)
  const go = (next: (typeof TABS)[number]) =>
    void navigate({ search: (before) => ({ ...before, tab: next === 'overview' ? undefined : next }) })
  useShortcuts('Destination', [
    {
      keys: 'p',
      label: paused ? 'Resume' : 'Pause',
      needs: 'operate',
      run: () => void pause.toggle(destination),
    },
    { keys: 'e', label: 'Settings', run: () => go('settings') },
  ])
  return (
    <Page
      title={destination.name}
      before={<BackLink to="/destinations" label="All destinations" />}
      beside={<Badge state={state} />}
      actions={
        <>
          <Button
            needs="operate"
            icon={paused ? 'play' : 'pause'}
            look={paused ? 'primary' : 'secondary'}
            busy={pause.busy}
            onClick={() => void pause.toggle(destination)}
          >
            {paused ? 'Resume' : 'Pause'}
          </Button>
          <Menu
            trigger={<IconButton icon="more" label="More" />}
            entries={[
              {
                label: 'Its events',
                icon: 'events',
                onSelect: () => void navigate({ to: '/events', search: { destination_id: destination.id } }),
              },
              {
                label: 'Its metrics',
                icon: 'metrics',
                onSelect: () => void navigate({ to: '/charts', search: { destination_id: destination.id } }),
              },
              'line',
              {
                label: 'Delete…',
                icon: 'trash',
                danger: true,
                needs: 'admin',
                disabled: destination.managed_by === 'file',
                onSelect: () => setDeleting(true),
              },
            ]}
          />
        </>
      }
    >
      <Remarks destination={destination} breaker={breakerText(destination, lane)} />
      <Tabs
        label="Destination"
        value={tab}
        onChange={(value) => go(value as (typeof TABS)[number])}
        tabs={[
          {
            value: 'overview',
            label: 'Overview',
            content: <LaneOverview destination={destination} lane={lane ?? null} />,
          },
          {
            value: 'settings',
            label: 'Settings',
            content: <DestinationSettings key={destination.id} destination={destination} />,
          },
          { value: 'signing', label: 'Signing', content: <Signing destination={destination} /> },
        ]}
      />
      <Delete destination={destination} open={deleting} onOpenChange={setDeleting} />
    </Page>
  )
}

/** What somebody has to know before anything else on the page. */
function Remarks({ destination, breaker }: { destination: Destination; breaker: string }) {
  const notes = []
  if (destination.paused_at) {
    notes.push(
      <Note key="paused" tone="amber" title="It is paused">
        Since <Ago at={destination.paused_at} />. Events wait, and nothing goes out until it is resumed.
      </Note>,
    )
  }
  if (destination.lane.breaker !== 'closed') {
    notes.push(
      <Note key="breaker" tone="red" title="The breaker is open">
        {breaker}
        {destination.failing_since && (
          <>
            {' '}
            It has done nothing but fail since <Ago at={destination.failing_since} />; its connections are
            disabled when that lasts too long.
          </>
        )}
      </Note>,
    )
  }
  if (destination.failing_since && destination.lane.breaker === 'closed') {
    notes.push(
      <Note key="failing" tone="red" title="It does nothing but fail">
        Since <Ago at={destination.failing_since} />. Its connections are disabled when that lasts too long.
      </Note>,
    )
  }
  if (notes.length === 0) return null
  return <div style={{ display: 'grid', gap: 'var(--space-2)', marginBottom: 'var(--space-4)' }}>{notes}</div>
}

function Delete({
  destination,
  open,
  onOpenChange,
}: {
  destination: Destination
  open: boolean
  onOpenChange: (open: boolean) => void
}) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const [error, setError] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const go = async () => {
    setBusy(true)
    setError(null)
    try {
      const outcome = await change<'destinations', undefined>('destinations', destination, {
        method: 'DELETE',
      })
      if (!outcome.made) {
        onOpenChange(false)
        return
      }
      toast.good(`${destination.name} is deleted`)
      await navigate({ to: '/destinations', search: {} })
      await client.invalidateQueries({ queryKey: ['destinations'] })
    } catch (problem) {
      setError(
        isCode(problem, 'in_use')
          ? 'A connection leads there. Delete it, or have it lead elsewhere, first.'
          : describe(problem),
      )
    } finally {
      setBusy(false)
    }
  }
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      size="s"
      title={`Delete ${destination.name}?`}
      description="Its settings and secrets are gone then. Events and attempts of the past stay."
      footer={
        <>
          <Button onClick={() => onOpenChange(false)}>Keep it</Button>
          <Button look="danger" busy={busy} onClick={() => void go()}>
            Delete it
          </Button>
        </>
      }
    >
      {error && (
        <Note tone="red" title="It was not deleted">
          {error}
        </Note>
      )}
    </Dialog>
  )
}
