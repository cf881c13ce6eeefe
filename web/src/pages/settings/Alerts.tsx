// Alerts: who is told when something fails, and how.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { change } from '@/api/change'
import { post } from '@/api/client'
import { useNames } from '@/api/names'
import * as operating from '@/api/operating'
import type { Alert, AlertTest } from '@/api/types'
import { Button, IconButton } from '@/ui/Button'
import { Menu } from '@/ui/Menu'
import { Card } from '@/ui/Page'
import { Tag } from '@/ui/Signal'
import { Empty, LoadingRows } from '@/ui/States'
import { Ago } from '@/ui/Time'
import { plural } from '@/ui/format'
import { toast } from '@/ui/toast'
import { KIND } from '../issues/issueWords'
import { AlertDialog } from './AlertDialog'
import styles from './Settings.module.css'
import { Unavailable } from './Unavailable'

export function Alerts() {
  const query = useQuery(operating.alerts)
  const [open, setOpen] = useState<Alert | 'new' | null>(null)
  if (query.error) {
    return <Unavailable error={query.error} what="alerts" retry={() => void query.refetch()} />
  }
  return (
    <>
      <header className={styles.head}>
        <p className={styles.lead}>
          An alert tells people when an issue opens, opens again, or is resolved: by a signed webhook, in
          Slack, or by email.
        </p>
        <Button look="primary" icon="plus" needs="admin" onClick={() => setOpen('new')}>
          New alert
        </Button>
      </header>
      {query.isPending ? (
        <LoadingRows rows={3} label="Loading alerts" />
      ) : query.data.length === 0 ? (
        <Empty plain title="Nobody is told yet">
          Issues stand on their page; an alert brings them to where people look.
        </Empty>
      ) : (
        <Card flush>
          <ul className={styles.list}>
            {query.data.map((alert) => (
              <Row key={alert.id} alert={alert} onEdit={() => setOpen(alert)} />
            ))}
          </ul>
        </Card>
      )}
      {open && <AlertDialog alert={open === 'new' ? null : open} close={() => setOpen(null)} />}
    </>
  )
}

const CHANNEL = { webhook: 'webhook', slack: 'Slack', email: 'email' }

export function channelWhere({ channel }: Alert): string {
  switch (channel.type) {
    case 'webhook':
      return channel.url
    case 'slack':
      return typeof channel.url === 'string' ? channel.url : channel.url.hint
    case 'email':
      return channel.to.join(', ')
  }
}

function Row({ alert, onEdit }: { alert: Alert; onEdit: () => void }) {
  const client = useQueryClient()
  const names = useNames()
  const [busy, setBusy] = useState(false)
  const fromFile = alert.managed_by === 'file'
  const test = async () => {
    setBusy(true)
    try {
      const result = await post<AlertTest>(`/alerts/${alert.id}/test`)
      if (result.sent)
        toast.good('The sample was taken', `${CHANNEL[alert.channel.type]} answered ${result.status}.`)
      else toast.error('The sample was not taken', result.error)
    } catch (error) {
      toast.problem('Nothing was sent', error)
    } finally {
      setBusy(false)
    }
  }
  const apply = async (what: Parameters<typeof change>[2], done: string) => {
    try {
      if (!(await change('alerts', alert, what)).made) return
      await client.invalidateQueries({ queryKey: ['alerts'] })
      toast.good(done)
    } catch (error) {
      toast.problem('Nothing was changed', error)
    }
  }
  const kinds = alert.on.length === 5 ? 'every kind of issue' : alert.on.map((kind) => KIND[kind]).join(', ')
  const about =
    alert.connection_ids.length === 0
      ? ''
      : alert.connection_ids.length > 3
        ? ` of ${plural(alert.connection_ids.length, 'connection')}`
        : ` of ${alert.connection_ids.map((id) => names.of(id)).join(', ')}`
  return (
    <li className={styles.row}>
      <div className={styles.main}>
        <p className={styles.name}>
          {alert.name} <Tag tone="blue">{CHANNEL[alert.channel.type]}</Tag>
          {!alert.enabled && <Tag>off</Tag>}
          {fromFile && <Tag>from the file</Tag>}
        </p>
        <p className={styles.sub}>
          <code>{channelWhere(alert)}</code> · {kinds}
          {about}
          {alert.last_sent_at && (
            <>
              {' '}
              · told <Ago at={alert.last_sent_at} />
            </>
          )}
        </p>
        {alert.last_error && (
          <p className={`${styles.sub} ${styles.bad}`}>
            <Ago at={alert.last_error.at} />: {alert.last_error.detail}
          </p>
        )}
      </div>
      <Button small icon="send" needs="operate" busy={busy} onClick={() => void test()}>
        Test
      </Button>
      <Menu
        trigger={<IconButton icon="more" label={`More about ${alert.name}`} />}
        entries={[
          { label: 'Edit', icon: 'edit', needs: 'admin', disabled: fromFile, onSelect: onEdit },
          {
            label: alert.enabled ? 'Turn off' : 'Turn on',
            icon: alert.enabled ? 'pause' : 'play',
            needs: 'admin',
            disabled: fromFile,
            onSelect: () =>
              void apply(
                { body: { enabled: !alert.enabled } },
                alert.enabled ? `${alert.name} is off` : `${alert.name} is on`,
              ),
          },
          'line',
          {
            label: 'Delete',
            icon: 'trash',
            danger: true,
            needs: 'admin',
            disabled: fromFile,
            onSelect: () => void apply({ method: 'DELETE' }, `${alert.name} is deleted`),
          },
        ]}
      />
    </li>
  )
}
