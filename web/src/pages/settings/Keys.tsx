// API keys: who has one and what it may do. A key is shown once, when it is made or rotated.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { change } from '@/api/change'
import * as operating from '@/api/operating'
import type { ApiKey, Scope } from '@/api/types'
import { Button, IconButton } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { Menu } from '@/ui/Menu'
import { Card } from '@/ui/Page'
import { Tag } from '@/ui/Signal'
import { Empty, LoadingRows } from '@/ui/States'
import { Ago } from '@/ui/Time'
import { toast } from '@/ui/toast'
import { NewKey, RotateKey } from './KeyDialogs'
import { SCOPES } from './scopes'
import styles from './Settings.module.css'
import { Unavailable } from './Unavailable'

type Asked = { key: ApiKey; what: 'rotate' | 'delete' }

export function Keys() {
  const query = useQuery({ ...operating.apiKeys, retry: false })
  const [making, setMaking] = useState(false)
  const [asked, setAsked] = useState<Asked | null>(null)
  if (query.error) {
    return <Unavailable error={query.error} what="API keys" retry={() => void query.refetch()} />
  }
  return (
    <>
      <header className={styles.head}>
        <p className={styles.lead}>
          Keys for programs and people: as a Bearer token, as a Basic password, or to log in here. Stored is a
          hash only.
        </p>
        <Button look="primary" icon="plus" onClick={() => setMaking(true)}>
          New key
        </Button>
      </header>
      {query.isPending ? (
        <LoadingRows rows={4} label="Loading keys" />
      ) : query.data.length === 0 ? (
        <Empty plain title="There are no API keys">
          Without an admin key in the configuration nobody needs one on this machine. Make one for a program
          that calls from elsewhere, or for a person who may only look.
        </Empty>
      ) : (
        <Card flush>
          <ul className={styles.list}>
            {query.data.map((key) => (
              <Row key={key.id} apiKey={key} onAsk={(what) => setAsked({ key, what })} />
            ))}
          </ul>
        </Card>
      )}
      <dl className={styles.scopes}>
        {Object.entries(SCOPES).map(([scope, { tone, meaning }]) => (
          <div key={scope}>
            <dt>
              <Tag tone={tone}>{scope}</Tag>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      {making && <NewKey close={() => setMaking(false)} />}
      {asked?.what === 'rotate' && <RotateKey apiKey={asked.key} close={() => setAsked(null)} />}
      {asked?.what === 'delete' && <DeleteKey apiKey={asked.key} close={() => setAsked(null)} />}
    </>
  )
}

function Row({ apiKey, onAsk }: { apiKey: ApiKey; onAsk: (what: Asked['what']) => void }) {
  const client = useQueryClient()
  const expired = apiKey.expires_at !== null && Date.parse(apiKey.expires_at) < Date.now()
  const setScope = async (scope: Scope) => {
    try {
      if (!(await change('api_keys', apiKey, { body: { scope } })).made) return
      await client.invalidateQueries({ queryKey: ['api_keys'] })
      toast.good(`${apiKey.name} may ${scope === 'admin' ? 'do everything' : scope} now`)
    } catch (error) {
      toast.problem('Nothing was changed', error)
    }
  }
  return (
    <li className={styles.row}>
      <div className={styles.main}>
        <p className={styles.name}>
          {apiKey.name} <Tag tone={SCOPES[apiKey.scope].tone}>{apiKey.scope}</Tag>
          {expired && <Tag tone="red">expired</Tag>}
        </p>
        <p className={styles.sub}>
          <code>{apiKey.hint}</code> · made <Ago at={apiKey.created_at} /> ·{' '}
          {apiKey.last_used_at ? (
            <>
              used <Ago at={apiKey.last_used_at} />
            </>
          ) : (
            'never used'
          )}
          {apiKey.expires_at && !expired && (
            <>
              {' '}
              · ends <Ago at={apiKey.expires_at} />
            </>
          )}
          {apiKey.previous_valid_until && Date.parse(apiKey.previous_valid_until) > Date.now() && (
            <>
              {' '}
              · the one before holds until <Ago at={apiKey.previous_valid_until} />
            </>
          )}
        </p>
      </div>
      <Menu
        trigger={<IconButton icon="more" label={`More about ${apiKey.name}`} />}
        entries={[
          { heading: 'May' },
          ...(Object.keys(SCOPES) as Scope[]).map((scope) => ({
            label: scope,
            checked: scope === apiKey.scope,
            onSelect: () => void setScope(scope),
          })),
          'line',
          { label: 'Rotate…', icon: 'retry', onSelect: () => onAsk('rotate') },
          { label: 'Delete…', icon: 'trash', danger: true, onSelect: () => onAsk('delete') },
        ]}
      />
    </li>
  )
}

function DeleteKey({ apiKey, close }: { apiKey: ApiKey; close: () => void }) {
  const client = useQueryClient()
  const [busy, setBusy] = useState(false)
  const go = async () => {
    setBusy(true)
    try {
      const outcome = await change('api_keys', apiKey, { method: 'DELETE' })
      await client.invalidateQueries({ queryKey: ['api_keys'] })
      if (outcome.made) toast.good(`${apiKey.name} is deleted`)
      close()
    } catch (error) {
      toast.problem('It was not deleted', error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Dialog
      open
      onOpenChange={close}
      size="s"
      title={`Delete the key ${apiKey.name}?`}
      description="Whoever uses it is refused from now on, and whoever is logged in with it is logged out."
      footer={
        <>
          <Button onClick={close}>Keep it</Button>
          <Button look="danger" busy={busy} onClick={() => void go()}>
            Delete it
          </Button>
        </>
      }
    >
      {null}
    </Dialog>
  )
}
