// The catalogue: every provider whose webhooks can be verified, to search in, and beside it what each one verifies and where
// its secret is found.
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useMemo, useRef } from 'react'
import * as queries from '@/api/queries'
import type { Provider } from '@/api/types'
import { Button } from '@/ui/Button'
import { Select } from '@/ui/Field'
import { Page } from '@/ui/Page'
import { SearchField } from '@/ui/SearchField'
import { Tag } from '@/ui/Signal'
import { Empty, Failure, LoadingRows } from '@/ui/States'
import { classes } from '@/ui/classes'
import { count, words } from '@/ui/format'
import { useShortcuts } from '@/ui/shortcuts'
import { NARROW, useMedia } from '@/ui/useMedia'
import { ProviderDetail } from './ProviderDetail'
import styles from './ProvidersPage.module.css'

export function ProvidersPage() {
  const search = useSearch({ from: '/providers' })
  const navigate = useNavigate({ from: '/providers' })
  const narrow = useMedia(NARROW)
  const input = useRef<HTMLInputElement>(null)
  const query = useQuery(queries.providers)
  const set = (next: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true })
  const groups = useMemo(
    () => grouped(query.data ?? [], search.search, search.category),
    [query.data, search.search, search.category],
  )
  const categories = useMemo(
    () => [...new Set((query.data ?? []).map((provider) => provider.category))].sort(),
    [query.data],
  )
  const names = useMemo(() => groups.flatMap(([, list]) => list.map(({ name }) => name)), [groups])
  const step = (by: number) => {
    const at = names.indexOf(search.provider ?? '')
    const next = names[at === -1 ? 0 : at + by]
    if (!next) return
    set({ provider: next })
    document.getElementById(`provider-${next}`)?.scrollIntoView({ block: 'nearest' })
  }
  useShortcuts('Providers', [
    { keys: '/', label: 'Search', run: () => input.current?.focus() },
    { keys: 'j', label: 'Next provider', run: () => step(1) },
    { keys: 'k', label: 'Previous provider', run: () => step(-1) },
  ])
  if (query.error) {
    return (
      <Page title="Providers">
        <Failure error={query.error} retry={() => void query.refetch()} />
      </Page>
    )
  }
  const detail = search.provider && (
    <ProviderDetail
      name={search.provider}
      {...(narrow && { onBack: () => set({ provider: undefined }) })}
      onMade={(sourceId) => void navigate({ to: '/console', search: { source: sourceId } })}
    />
  )
  return (
    <Page fill title="Providers" beside={query.data && count(query.data.length)}>
      <div className={styles.split}>
        {!(narrow && detail) && (
          <div className={styles.side}>
            <div className={styles.bar}>
              <SearchField
                ref={input}
                value={search.search ?? ''}
                onChange={(text) => set({ search: text || undefined })}
                label="Search providers"
                placeholder="Search names and kinds"
              />
              <Select
                aria-label="Category"
                value={search.category ?? ''}
                onChange={(event) => set({ category: event.target.value || undefined })}
              >
                <option value="">All categories</option>
                {categories.map((category) => (
                  <option key={category} value={category}>
                    {words(category)}
                  </option>
                ))}
              </Select>
            </div>
            {query.isPending ? (
              <LoadingRows rows={14} label="Loading providers" />
            ) : names.length === 0 ? (
              <Empty
                plain
                title="No provider fits"
                action={
                  <Button onClick={() => set({ search: undefined, category: undefined })}>Show all</Button>
                }
              >
                For one that is not here, <code>generic-hmac</code> and its like take the scheme as settings.
              </Empty>
            ) : (
              <nav className={styles.list} aria-label="Providers">
                {groups.map(([category, list]) => (
                  <section key={category} className={styles.group} aria-label={words(category)}>
                    <h2 className={styles.category}>
                      {words(category)} <span>{list.length}</span>
                    </h2>
                    {list.map((provider) => (
                      <Link
                        key={provider.name}
                        id={`provider-${provider.name}`}
                        to="/providers"
                        search={(before) => ({ ...before, provider: provider.name })}
                        replace
                        className={classes(styles.item, provider.name === search.provider && styles.current)}
                        aria-current={provider.name === search.provider ? 'true' : undefined}
                      >
                        <span className={styles.title}>{provider.title}</span>
                        {provider.kinds.slice(0, 1).map((kind) => (
                          <Tag key={kind}>{kind}</Tag>
                        ))}
                      </Link>
                    ))}
                  </section>
                ))}
              </nav>
            )}
          </div>
        )}
        {(!narrow || detail) && (
          <div className={styles.detail}>
            {detail || (
              <Empty title="Whose webhooks are to come in?">
                Choose a provider to see what it signs with, where its secret is found, and what it expects
                for an answer.
              </Empty>
            )}
          </div>
        )}
      </div>
    </Page>
  )
}

/** What fits, by category; categories with most of it first. */
function grouped(
  providers: Provider[],
  text: string | undefined,
  category: string | undefined,
): [string, Provider[]][] {
  const parts = (text ?? '').toLowerCase().split(/\s+/).filter(Boolean)
  const groups = new Map<string, Provider[]>()
  for (const provider of providers) {
    if (category && provider.category !== category) continue
    const said =
      `${provider.title} ${provider.name} ${provider.category} ${provider.kinds.join(' ')}`.toLowerCase()
    if (!parts.every((part) => said.includes(part))) continue
    const list = groups.get(provider.category)
    if (list) list.push(provider)
    else groups.set(provider.category, [provider])
  }
  for (const list of groups.values())
    list.sort((a, b) => a.title.localeCompare(b.title, 'en', { sensitivity: 'base' }))
  return [...groups].sort(([, a], [, b]) => b.length - a.length)
}
