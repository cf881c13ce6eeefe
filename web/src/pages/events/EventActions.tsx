// The buttons of one event.
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { BulkAction, EventDetail } from '@/api/types'
import { Button, IconButton } from '@/ui/Button'
import { Menu } from '@/ui/Menu'
import { useShortcuts } from '@/ui/shortcuts'
import { act, ACTIONS, can, NAME } from './actions'

const HELP: Record<BulkAction, string> = {
  retry: 'Deliver it now, as it is',
  replay: 'Send its request through the rules as they are now',
  cancel: 'Do not deliver it',
}

export function EventActions({ event }: { event: EventDetail }) {
  const navigate = useNavigate()
  const [busy, setBusy] = useState<BulkAction | null>(null)
  const perform = async (action: BulkAction) => {
    setBusy(action)
    await act(action, event)
    setBusy(null)
  }
  const possible = ACTIONS.filter((action) => can(action, event))
  const keys: Record<BulkAction, string> = { retry: 'r', replay: 'p', cancel: 'x' }
  useShortcuts(
    'Event',
    possible.map((action) => ({
      keys: keys[action],
      label: NAME[action],
      needs: 'operate',
      run: () => void perform(action),
    })),
  )
  return (
    <>
      {possible.map((action) => (
        <Button
          key={action}
          small
          needs="operate"
          icon={action}
          title={HELP[action]}
          busy={busy === action}
          look={action === 'retry' && event.state === 'failed' ? 'primary' : 'secondary'}
          onClick={() => void perform(action)}
        >
          {NAME[action]}
        </Button>
      ))}
      <Menu
        trigger={<IconButton small icon="more" label="More" />}
        entries={[
          {
            label: 'Its request',
            icon: 'requests',
            onSelect: () => void navigate({ to: '/requests/$id', params: { id: event.request_id } }),
          },
          {
            label: 'Its connection',
            icon: 'connections',
            onSelect: () => void navigate({ to: '/connections/$id', params: { id: event.connection_id } }),
          },
          {
            label: 'Its destination',
            icon: 'destinations',
            onSelect: () => void navigate({ to: '/destinations/$id', params: { id: event.destination_id } }),
          },
          'line',
          {
            label: 'All events of its request',
            icon: 'list',
            onSelect: () => void navigate({ to: '/events', search: { request_id: event.request_id } }),
          },
          {
            label: 'Open on its own page',
            icon: 'expand',
            onSelect: () => void navigate({ to: '/events/$id', params: { id: event.id } }),
          },
        ]}
      />
    </>
  )
}
