// What fails: issues by their state, the one that opened last first.
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { useNames, type Names } from '@/api/names'
import * as queries from '@/api/queries'
import type { Issue, IssueKind } from '@/api/types'
import { Button, ButtonLink, IconButton } from '@/ui/Button'
import { DataTable, type Column } from '@/ui/DataTable'
import { Select } from '@/ui/Field'
import { Page } from '@/ui/Page'
import { Lamp, signal, Signal, Tag } from '@/ui/Signal'
import { Empty, Failure, LoadingRows } from '@/ui/States'
import { Segments } from '@/ui/Tabs'
import { Ago } from '@/ui/Time'
import { compact } from '@/ui/format'
import { useShortcuts } from '@/ui/shortcuts'
import styles from './IssuesPage.module.css'
import { issueTitle, KIND } from './issueWords'
import { KINDS, type STATES } from './search'
import { useIssueActions } from './useIssueActions'

export function IssuesPage() {
  const search = useSearch({ from: '/issues' })
  const navigate = useNavigate({ from: '/issues' })
  const names = useNames()
  const actions = useIssueActions()
  const [at, setAt] = useState<string | undefined>()
  const state = search.state ?? 'open'
  const query = useInfiniteQuery({
    ...queries.issues({ ...search, state: state === 'all' ? undefined : state }),
    refetchInterval: 10_000,
  })
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.data) ?? [], [query.data])
  const set = (next: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true })
  const open = (issue: Issue) => void navigate({ to: '/issues/$id', params: { id: issue.id }, search: {} })
  const focused = rows.find((issue) => issue.id === at)
  useShortcuts('Issues', [
    { keys: 'Enter', label: 'Open the row', run: () => focused && open(focused) },
    {
      keys: 'a',
      label: 'Acknowledge the row',
      needs: 'operate',
      run: () => focused?.state === 'open' && void actions.run(focused, 'acknowledge'),
    },
    {
      keys: 'x',
      label: 'Resolve the row',
      needs: 'operate',
      run: () => focused && focused.state !== 'resolved' && void actions.run(focused, 'resolve'),
    },
  ])
  const about = search.connection_id ?? search.source_id ?? search.destination_id
  return (
    <Page
      fill
      title="Issues"
      actions={
        <ButtonLink icon="bell" to="/settings" search={{ tab: 'alerts' }}>
          Alerts
        </ButtonLink>
      }
    >
      <div className={styles.bar}>
        <Segments
          label="State of the issues"
          value={state}
          onChange={(next: (typeof STATES)[number]) => set({ state: next === 'open' ? undefined : next })}
          options={[
            { value: 'open', label: 'Open' },
            { value: 'acknowledged', label: 'Acknowledged' },
            { value: 'resolved', label: 'Resolved' },
            { value: 'all', label: 'All' },
          ]}
        />
        <Select
          small
          aria-label="Kind of issue"
          value={search.kind ?? ''}
          onChange={(event) => set({ kind: (event.target.value || undefined) as IssueKind | undefined })}
        >
          <option value="">Every kind</option>
          {KINDS.map((kind) => (
            <option key={kind} value={kind}>
              {KIND[kind]}
            </option>
          ))}
        </Select>
        {about && (
          <Button
            small
            trailing="close"
            onClick={() => set({ connection_id: undefined, source_id: undefined, destination_id: undefined })}
          >
            {names.of(about)}
          </Button>
        )}
      </div>
      {query.error ? (
        <Failure error={query.error} retry={() => void query.refetch()} />
      ) : query.isPending ? (
        <LoadingRows label="Loading issues" />
      ) : rows.length === 0 ? (
        <Empty title={NOTHING[state]}>
          {state === 'open' && !search.kind && !about
            ? 'When events fail for good, a transformation throws, requests are rejected in numbers, or a backlog grows, it stands here once, with its cause.'
            : null}
        </Empty>
      ) : (
        <DataTable
          label="Issues"
          rows={rows}
          columns={columns(names, actions)}
          rowKey={(issue) => issue.id}
          openKey={at}
          onOpen={open}
          onStep={(issue) => setAt(issue.id)}
          onEnd={() => query.hasNextPage && !query.isFetchingNextPage && void query.fetchNextPage()}
          footer={query.isFetchingNextPage ? 'Loading more…' : undefined}
          card={(issue) => <Card issue={issue} names={names} />}
        />
      )}
    </Page>
  )
}

const NOTHING: Record<(typeof STATES)[number], string> = {
  open: 'Nothing fails',
  acknowledged: 'Nothing is acknowledged',
  resolved: 'Nothing was resolved in the last 30 days',
  all: 'There are no issues',
}

function columns(names: Names, actions: ReturnType<typeof useIssueActions>): Column<Issue>[] {
  return [
    {
      key: 'state',
      header: 'State',
      width: '116px',
      render: (issue) => <Signal state={issue.state} />,
    },
    {
      key: 'what',
      header: 'What fails',
      width: 'minmax(200px, 1fr)',
      render: (issue) => (
        <Link to="/issues/$id" params={{ id: issue.id }} search={{}} className={styles.title}>
          {issueTitle(issue, names)}
        </Link>
      ),
    },
    {
      key: 'kind',
      header: 'Kind',
      width: '124px',
      from: 820,
      render: (issue) => <Tag>{KIND[issue.kind]}</Tag>,
    },
    {
      key: 'count',
      header: 'Seen',
      width: '64px',
      align: 'end',
      render: (issue) => compact(issue.count),
    },
    {
      key: 'first',
      header: 'Since',
      width: '92px',
      align: 'end',
      from: 700,
      render: (issue) => (
        <span className={styles.faint}>
          <Ago at={issue.first_seen_at} />
        </span>
      ),
    },
    {
      key: 'last',
      header: 'Last',
      width: '92px',
      align: 'end',
      render: (issue) => <Ago at={issue.last_seen_at} />,
    },
    {
      key: 'do',
      header: <span className="visually-hidden">Acknowledge, resolve</span>,
      width: '64px',
      align: 'end',
      from: 760,
      render: (issue) =>
        issue.state === 'resolved' ? null : (
          <span className={styles.buttons}>
            {issue.state === 'open' && (
              <IconButton
                small
                icon="eye"
                needs="operate"
                label="Acknowledge"
                disabled={actions.busy === issue.id}
                onClick={() => void actions.run(issue, 'acknowledge')}
              />
            )}
            <IconButton
              small
              icon="check"
              needs="operate"
              label="Resolve"
              disabled={actions.busy === issue.id}
              onClick={() => void actions.run(issue, 'resolve')}
            />
          </span>
        ),
    },
  ]
}

function Card({ issue, names }: { issue: Issue; names: Names }) {
  return (
    <Link to="/issues/$id" params={{ id: issue.id }} search={{}} className={styles.card}>
      <span className={styles.cardLine}>
        <Lamp state={issue.state} label={signal(issue.state).name} />
        <span>{issueTitle(issue, names)}</span>
      </span>
      <span className={styles.cardSub}>
        {KIND[issue.kind]} · seen {compact(issue.count)} times · <Ago at={issue.last_seen_at} />
      </span>
    </Link>
  )
}
