// What the gateway runs with: retention, limits and all the rest, and what of it is not as delivered.
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import * as operating from '@/api/operating'
import type { Setting } from '@/api/types'
import { Card, Facts, Section } from '@/ui/Page'
import { SearchField } from '@/ui/SearchField'
import { Empty, LoadingRows } from '@/ui/States'
import { Ago } from '@/ui/Time'
import styles from './Settings.module.css'
import { Unavailable } from './Unavailable'

const MEANING: Record<string, string> = {
  server: 'Where it listens, and who may call',
  limits: 'How much it takes',
  storage: 'Where everything lives, and for how long',
  verification: 'How requests are verified',
  transformations: 'What JavaScript may take',
  delivery: 'How events go out',
  issues: 'When failures become issues',
  alerts: 'How people are told',
  health: 'When it says that it is not ready',
  log: 'What it logs',
}

export function Effective() {
  const { q } = useSearch({ from: '/settings' })
  const navigate = useNavigate({ from: '/settings' })
  const query = useQuery({ ...operating.settings, retry: false })
  if (query.error) {
    return <Unavailable error={query.error} what="settings" retry={() => void query.refetch()} />
  }
  if (query.isPending) return <LoadingRows label="Loading settings" />
  const { version, started_at, data_directory, public_url, settings } = query.data
  const found = settings.filter((setting) =>
    `${setting.section}.${setting.name}`.includes((q ?? '').toLowerCase()),
  )
  const sections = [...new Set(found.map((setting) => setting.section))]
  return (
    <>
      <Facts
        facts={[
          ['Version', version],
          ['Started', <Ago key="started" at={started_at} />],
          ['Data', <code key="data">{data_directory}</code>],
          ['Public URL', public_url ? <code key="url">{public_url}</code> : 'not set'],
        ]}
      />
      <div className={styles.bar} style={{ marginTop: 'var(--space-5)' }}>
        <SearchField
          value={q ?? ''}
          onChange={(text) =>
            void navigate({ search: (before) => ({ ...before, q: text || undefined }), replace: true })
          }
          label="Search settings"
          placeholder="Search settings"
        />
        <span className={styles.default}>
          They are read from the configuration file when it starts. Secrets are shown as set or not set.
        </span>
      </div>
      {sections.length === 0 && <Empty plain title={`No setting is called “${q}”`} />}
      {sections.map((section) => (
        <Section key={section} title={<code>[{section}]</code>} beside={MEANING[section]}>
          <Card flush>
            <table className={styles.table}>
              <tbody>
                {found
                  .filter((setting) => setting.section === section)
                  .map((setting) => (
                    <Row key={setting.name} setting={setting} />
                  ))}
              </tbody>
            </table>
          </Card>
        </Section>
      ))}
    </>
  )
}

function Row({ setting }: { setting: Setting }) {
  return (
    <tr>
      <th scope="row">
        <code>{setting.name}</code>
      </th>
      <td>
        {setting.is_default ? (
          <code className={styles.default}>{written(setting.value)}</code>
        ) : (
          <span className={styles.set}>
            <code>{written(setting.value)}</code>
            <span>by default {written(setting.default)}</span>
          </span>
        )}
      </td>
    </tr>
  )
}

function written(value: unknown): string {
  if (value === null || value === undefined) return 'none'
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(', ')
  return typeof value === 'string' ? value : JSON.stringify(value)
}
