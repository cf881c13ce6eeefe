// Who may use it, who is told, what was changed, and what it runs with.
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Page } from '@/ui/Page'
import { Tabs } from '@/ui/Tabs'
import { Alerts } from './Alerts'
import { Audit } from './Audit'
import { Effective } from './Effective'
import { Keys } from './Keys'
import type { TABS } from './search'

export function SettingsPage() {
  const search = useSearch({ from: '/settings' })
  const navigate = useNavigate({ from: '/settings' })
  return (
    <Page title="Settings">
      <Tabs
        label="Settings"
        value={search.tab ?? 'keys'}
        onChange={(value) =>
          void navigate({ search: value === 'keys' ? {} : { tab: value as (typeof TABS)[number] } })
        }
        tabs={[
          { value: 'keys', label: 'API keys', content: <Keys /> },
          { value: 'alerts', label: 'Alerts', content: <Alerts /> },
          { value: 'audit', label: 'Audit log', content: <Audit /> },
          { value: 'effective', label: 'Configuration', content: <Effective /> },
        ]}
      />
    </Page>
  )
}
