// One connection: how it fares, what it is made of, its form, and the runs of its transformations.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { change } from '@/api/change'
import { useMay } from '@/api/may'
import * as operating from '@/api/operating'
import * as queries from '@/api/queries'
import type { Connection } from '@/api/types'
import { Button, IconButton } from '@/ui/Button'
import { Menu } from '@/ui/Menu'
import { Page } from '@/ui/Page'
import { Badge } from '@/ui/Signal'
import { Failure, LoadingRows, Note } from '@/ui/States'
import { Tabs } from '@/ui/Tabs'
import { useShortcuts } from '@/ui/shortcuts'
import { toast } from '@/ui/toast'
import { NARROW, useMedia } from '@/ui/useMedia'
import { BackLink } from '@/ui/BackLink'
import { DeleteConnection } from './DeleteConnection'
import { EditConnection } from './EditConnection'
import { Executions } from './Executions'
import { disabledText, healthOf } from './health'
import { Overview } from './Overview'
import type { TABS } from './search'

export function ConnectionPage() {
  const { id } = useParams({ from: '/connections/$id' })
  const query = useQuery(queries.connection(id))
  if (query.error) {
    return (
      <Page title="Connection" before={<Back />}>
        <Failure error={query.error} retry={() => void query.refetch()} />
      </Page>
    )
  }
  if (!query.data) {
    return (
      <Page title="Connection" before={<Back />}>
        <LoadingRows rows={6} label="Loading the connection" />
      </Page>
    )
  }
  return <Loaded connection={query.data} />
}

function Back() {
  return <BackLink to="/connections" label="All connections" />
}

function Loaded({ connection }: { connection: Connection }) {
  const search = useSearch({ from: '/connections/$id' })
  const navigate = useNavigate({ from: '/connections/$id' })
  const client = useQueryClient()
  const narrow = useMedia(NARROW)
  const { data: destination } = useQuery(queries.destination(connection.destination_id))
  const { data: current } = useQuery(operating.current)
  const [deleting, setDeleting] = useState(false)
  const [busy, setBusy] = useState(false)
  const tab = search.tab ?? 'overview'
  const health = healthOf(connection, destination, current?.connections[connection.id])
  const fromFile = connection.managed_by === 'file'
  const mayChange = useMay()('admin')
  /** What its destination disabled can be enabled here, whoever declared it. */
  const mayEnable = !fromFile || connection.disabled?.cause.startsWith('destination_')

  const go = (next: (typeof TABS)[number]) =>
    void navigate({ search: (before) => ({ ...before, tab: next === 'overview' ? undefined : next }) })
  const enable = async (enabled: boolean) => {
    setBusy(true)
    try {
      if (!(await change('connections', connection, { body: { enabled } })).made) return
      await client.invalidateQueries({ queryKey: ['connections'] })
      toast.good(
        enabled ? 'Enabled' : 'Disabled',
        enabled ? 'What waits goes out now.' : 'New requests pass it by; the events it has are held.',
      )
    } catch (error) {
      toast.problem(enabled ? 'Still disabled' : 'Still enabled', error)
    } finally {
      setBusy(false)
    }
  }
  useShortcuts('Connection', [
    { keys: 'e', label: 'Edit', run: () => go(tab === 'edit' ? 'overview' : 'edit') },
  ])
  const hasTransform = connection.rules.some((rule) => rule.type === 'transform')
  return (
    <Page
      title={connection.name}
      before={<Back />}
      beside={<Badge state={health.state}>{health.text}</Badge>}
      actions={
        <>
          {!narrow && (
            <Button
              icon={connection.enabled ? 'pause' : 'play'}
              needs="admin"
              busy={busy}
              disabled={connection.enabled ? fromFile : !mayEnable}
              onClick={() => void enable(!connection.enabled)}
            >
              {connection.enabled ? 'Disable' : 'Enable'}
            </Button>
          )}
          <Menu
            trigger={<IconButton icon="more" label="More" />}
            entries={[
              ...(narrow
                ? [
                    {
                      label: connection.enabled ? 'Disable' : 'Enable',
                      icon: connection.enabled ? ('pause' as const) : ('play' as const),
                      needs: 'admin' as const,
                      disabled: connection.enabled ? fromFile : !mayEnable,
                      onSelect: () => void enable(!connection.enabled),
                    },
                  ]
                : []),
              {
                label: 'Its events',
                icon: 'events',
                onSelect: () => void navigate({ to: '/events', search: { connection_id: connection.id } }),
              },
              {
                label: 'Its metrics',
                icon: 'metrics',
                onSelect: () => void navigate({ to: '/charts', search: { connection_id: connection.id } }),
              },
              'line',
              {
                label: 'Delete…',
                icon: 'trash',
                danger: true,
                needs: 'admin',
                disabled: fromFile,
                onSelect: () => setDeleting(true),
              },
            ]}
          />
        </>
      }
    >
      {connection.disabled && (
        <div style={{ marginBottom: 'var(--space-4)' }}>
          <Note
            tone={connection.disabled.cause === 'by_hand' ? 'blue' : 'red'}
            title={`It is ${disabledText(connection.disabled.cause)}`}
            action={
              mayEnable && (
                <Button small needs="admin" busy={busy} onClick={() => void enable(true)}>
                  Enable it
                </Button>
              )
            }
          >
            New requests pass it by, and the events it has are held.
          </Note>
        </div>
      )}
      <Tabs
        label="Connection"
        value={tab}
        onChange={(value) => go(value as (typeof TABS)[number])}
        tabs={[
          {
            value: 'overview',
            label: 'Overview',
            content: <Overview connection={connection} destination={destination} onEdit={() => go('edit')} />,
          },
          {
            value: 'edit',
            label: mayChange ? 'Edit' : 'Rules',
            content: fromFile ? (
              <Note title="The configuration file declares this connection">
                It is shown here and changed there; <code>hookyard check</code> says what is wrong with the
                file.
              </Note>
            ) : (
              <EditConnection key={connection.id} connection={connection} onDone={() => go('overview')} />
            ),
          },
          ...(hasTransform || tab === 'executions'
            ? [
                {
                  value: 'executions',
                  label: 'Executions',
                  content: <Executions connectionId={connection.id} />,
                },
              ]
            : []),
        ]}
      />
      <DeleteConnection connection={connection} open={deleting} onOpenChange={setDeleting} />
    </Page>
  )
}
