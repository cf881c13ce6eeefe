// The audit log: who changed what, and when.
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { useNames } from '@/api/names'
import * as operating from '@/api/operating'
import type { AuditEntry } from '@/api/types'
import { Button } from '@/ui/Button'
import { Changes } from '@/ui/Changes'
import { Combobox } from '@/ui/Combobox'
import { Select } from '@/ui/Field'
import { Icon } from '@/ui/Icon'
import { Card } from '@/ui/Page'
import { Tag } from '@/ui/Signal'
import { Empty, LoadingRows } from '@/ui/States'
import { Moment } from '@/ui/Time'
import { count, words } from '@/ui/format'
import styles from './Settings.module.css'
import { Unavailable } from './Unavailable'

const RESOURCES = [
  'source',
  'destination',
  'connection',
  'alert',
  'api_key',
  'session',
  'event',
  'bulk_operation',
  'issue',
  'bookmark',
]
const ACTORS = ['local', 'admin_key', 'api_key', 'file', 'system', 'unknown']
const ACTIONS = [
  ...['source', 'destination', 'connection', 'alert', 'api_key', 'bookmark'].flatMap((resource) =>
    ['create', 'update', 'delete'].map((verb) => `${resource}.${verb}`),
  ),
  ...['destination.pause', 'destination.resume', 'destination.rotate_secret', 'api_key.rotate', 'alert.test'],
  ...['event.retry', 'event.cancel', 'event.replay', 'bulk_operation.start', 'bulk_operation.cancel'],
  ...['issue.acknowledge', 'issue.resolve'],
  ...['session.login', 'session.login_failed', 'session.logout'],
]

export function Audit() {
  const { action, actor_type, actor_id, resource_type, resource_id } = useSearch({ from: '/settings' })
  const navigate = useNavigate({ from: '/settings' })
  const query = useInfiniteQuery({
    ...operating.auditEntries({ action, actor_type, actor_id, resource_type, resource_id }),
    retry: false,
  })
  const set = (next: Record<string, string | undefined>) =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true })
  if (query.error) {
    return <Unavailable error={query.error} what="audit log" retry={() => void query.refetch()} />
  }
  const rows = query.data?.pages.flatMap((page) => page.data) ?? []
  const narrowed = Boolean(action ?? actor_type ?? actor_id ?? resource_type ?? resource_id)
  return (
    <>
      <div className={styles.bar}>
        <Select
          small
          aria-label="What was changed"
          value={resource_type ?? ''}
          onChange={(event) => set({ resource_type: event.target.value || undefined })}
        >
          <option value="">Everything</option>
          {RESOURCES.map((resource) => (
            <option key={resource} value={resource}>
              {words(resource)}
            </option>
          ))}
        </Select>
        <Select
          small
          aria-label="Who did it"
          value={actor_type ?? ''}
          onChange={(event) => set({ actor_type: event.target.value || undefined })}
        >
          <option value="">By anybody</option>
          {ACTORS.map((actor) => (
            <option key={actor} value={actor}>
              {ACTOR[actor] ?? words(actor)}
            </option>
          ))}
        </Select>
        <span className={styles.action}>
          <Combobox
            label="Action"
            choices={[
              { value: '', label: 'Any action' },
              ...ACTIONS.map((name) => ({ value: name, label: name })),
            ]}
            value={action ?? ''}
            onChange={(name) => set({ action: name || undefined })}
          />
        </span>
        {(actor_id ?? resource_id) && (
          <Button small trailing="close" onClick={() => set({ actor_id: undefined, resource_id: undefined })}>
            {actor_id ?? resource_id}
          </Button>
        )}
      </div>
      {query.isPending ? (
        <LoadingRows label="Loading the audit log" />
      ) : rows.length === 0 ? (
        <Empty plain title={narrowed ? 'No entry fits' : 'Nothing was changed yet'}>
          {narrowed ? null : 'Every change of the configuration, every login and every action stands here.'}
        </Empty>
      ) : (
        <Card flush>
          <ul className={styles.list}>
            {rows.map((entry) => (
              <Entry key={entry.id} entry={entry} onFilter={set} />
            ))}
          </ul>
        </Card>
      )}
      {query.hasNextPage && (
        <div style={{ marginTop: 'var(--space-3)' }}>
          <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            Show older ones
          </Button>
        </div>
      )}
    </>
  )
}

const ACTOR: Record<string, string> = {
  local: 'this machine',
  admin_key: 'the admin key',
  api_key: 'an API key',
  file: 'the configuration file',
  system: 'the gateway itself',
  unknown: 'somebody unknown',
}

/** Where a resource has a page of its own. */
const PAGES: Record<string, '/connections/$id' | '/destinations/$id' | '/issues/$id' | '/events/$id'> = {
  connection: '/connections/$id',
  destination: '/destinations/$id',
  issue: '/issues/$id',
  event: '/events/$id',
}

type EntryProps = { entry: AuditEntry; onFilter: (next: Record<string, string>) => void }

/** So many fields are named in the line of an entry. */
const NAMED = 4

function Entry({ entry, onFilter }: EntryProps) {
  const [open, setOpen] = useState(false)
  const { changes } = entry
  const fields = changes.map((change) => change.field)
  const more = fields.length - NAMED
  return (
    <li className={styles.entry}>
      <div className={styles.line}>
        <Tag tone={tone(entry.action)}>{entry.action}</Tag>
        <Subject entry={entry} />
        <Who entry={entry} onFilter={onFilter} />
        <span className={styles.push}>
          <Moment at={entry.at} milliseconds={false} />
        </span>
      </div>
      {changes.length > 0 && (
        <button type="button" className={styles.fields} aria-expanded={open} onClick={() => setOpen(!open)}>
          <Icon name={open ? 'down' : 'right'} size={12} />
          {fields.slice(0, NAMED).join(', ')}
          {more > 0 && ` and ${count(more)} more`}
        </button>
      )}
      {open && (
        <div className={styles.changes}>
          <Changes changes={changes} whole />
        </div>
      )}
    </li>
  )
}

/** What it was done to: by its name where that is known, or was noted. */
function Subject({ entry }: { entry: AuditEntry }) {
  const names = useNames()
  if (entry.resource_id === null) return null
  const noted = entry.changes.find((change) => change.field === 'name')
  const known = names.of(entry.resource_id)
  const name = known === entry.resource_id ? (noted?.to ?? noted?.from ?? known) : known
  const text = typeof name === 'string' ? name : known
  const shown = text === entry.resource_id ? <code>{text}</code> : text
  const page = PAGES[entry.resource_type]
  return page ? (
    <Link to={page} params={{ id: entry.resource_id }} search={{}} title={entry.resource_id}>
      {shown}
    </Link>
  ) : (
    <span title={entry.resource_id}>{shown}</span>
  )
}

function Who({ entry: { actor, remote }, onFilter }: EntryProps) {
  return (
    <span className={styles.default}>
      by{' '}
      {actor.id ? (
        <button type="button" title="Only what it did" onClick={() => onFilter({ actor_id: actor.id ?? '' })}>
          {actor.name ?? actor.id}
        </button>
      ) : (
        (ACTOR[actor.type] ?? actor.name ?? words(actor.type))
      )}
      {remote && ` from ${remote}`}
    </span>
  )
}

function tone(action: string) {
  if (/delete|cancel|fail|refus/.test(action)) return 'red'
  if (/create|login/.test(action)) return 'green'
  return 'grey'
}
