// Who may use it, who is told, what was changed, and what it runs with.
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useMay } from '@/api/may'
import { Page } from '@/ui/Page'
import { Tabs } from '@/ui/Tabs'
import { Alerts } from './Alerts'
import { Audit } from './Audit'
import { Effective } from './Effective'
import { Keys } from './Keys'
import type { TABS } from './search'

const ALL = [
  { value: 'keys', label: 'API keys', content: <Keys />, needs: 'admin' },
  { value: 'alerts', label: 'Alerts', content: <Alerts />, needs: 'read' },
  { value: 'audit', label: 'Audit log', content: <Audit />, needs: 'admin' },
  { value: 'effective', label: 'Configuration', content: <Effective />, needs: 'admin' },
] as const

export function SettingsPage() {
  const may = useMay()
  const search = useSearch({ from: '/settings' })
  const navigate = useNavigate({ from: '/settings' })
  const tabs = ALL.filter(({ needs }) => may(needs))
  const tab = (tabs.find(({ value }) => value === search.tab) ?? tabs[0])?.value ?? 'alerts'
  return (
    <Page title="Settings">
      <Tabs
        label="Settings"
        value={tab}
        onChange={(value) =>
          void navigate({ search: value === tabs[0]?.value ? {} : { tab: value as (typeof TABS)[number] } })
        }
        tabs={tabs}
      />
    </Page>
  )
}
