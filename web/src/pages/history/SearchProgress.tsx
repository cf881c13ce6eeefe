// How far a search is that has to look at each row.
import { Button } from '@/ui/Button'
import { count } from '@/ui/format'
import { Moment } from '@/ui/Time'
import styles from './SearchProgress.module.css'
import type { Search } from './useHistory'

type Props = {
  search: Search
  found: number
  what: string
  /** From when the oldest row is that will be looked at, where that is known. */
  since: string | undefined
  onStop: () => void
}

export function SearchProgress({ search, found, what, since, onStop }: Props) {
  const part = share(search, since)
  return (
    <div className={styles.progress}>
      <div
        className={styles.track}
        role="progressbar"
        aria-label={`Search in ${what}`}
        aria-valuemin={0}
        aria-valuemax={100}
        {...(part !== null && { 'aria-valuenow': Math.round(part * 100) })}
        data-running={search.running}
        data-unknown={part === null}
      >
        <span style={{ width: part === null ? '30%' : `${part * 100}%` }} />
      </div>
      <p className={styles.text} role="status">
        {count(search.searched)} {what} searched
        {search.searched_to && (
          <>
            , back to <Moment at={search.searched_to} milliseconds={false} />
          </>
        )}{' '}
        · {count(found)} found{search.complete && ' · that is all'}
        {!search.complete && !search.running && ' · there is more to search'}
      </p>
      {!search.complete && (
        <Button small look="quiet" onClick={onStop}>
          {search.running ? 'Stop' : 'Go on'}
        </Button>
      )}
    </div>
  )
}

function share(search: Search, since: string | undefined): number | null {
  if (search.complete) return 1
  if (!since || !search.searched_to) return null
  const now = Date.now()
  const all = now - Date.parse(since)
  return all > 0 ? Math.min((now - Date.parse(search.searched_to)) / all, 1) : null
}
