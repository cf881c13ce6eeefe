// How far the bulk operation is that runs, or that has just ended.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { get, post } from '@/api/client'
import type { BulkOperation, Page } from '@/api/types'
import { Progress } from '@/ui/Bars'
import { Button, IconButton } from '@/ui/Button'
import { count, words } from '@/ui/format'
import { Badge } from '@/ui/Signal'
import { toast } from '@/ui/toast'
import { NAME } from './actions'
import styles from './Bulk.module.css'

/** For so long one that has ended is still shown. */
const ENDED_SHOWN_MS = 60_000

export function BulkBanner() {
  const client = useQueryClient()
  const { data } = useQuery({
    queryKey: ['bulk_operations', 'newest'],
    queryFn: ({ signal }) => get<Page<BulkOperation>>('/bulk_operations', { limit: 1 }, signal),
    refetchInterval: (query) => (query.state.data?.data[0]?.state === 'running' ? 500 : 10_000),
  })
  const operation = data?.data[0]
  const [dismissed, setDismissed] = useState<string | null>(null)
  const state = operation?.state
  const before = useRef(state)
  useEffect(() => {
    if (before.current === 'running' && state !== 'running')
      void client.invalidateQueries({ queryKey: ['events'] })
    before.current = state
  }, [state, client])

  if (!operation || operation.id === dismissed) return null
  const ended = operation.ended_at !== null && Date.now() - Date.parse(operation.ended_at) > ENDED_SHOWN_MS
  if (ended) return null
  const cancel = async () => {
    try {
      await post(`/bulk_operations/${operation.id}/cancel`)
      await client.invalidateQueries({ queryKey: ['bulk_operations'] })
    } catch (error) {
      toast.problem('Not stopped', error)
    }
  }
  const handled = operation.done + sum(operation.left_out) + sum(operation.failed)
  const failed = sum(operation.failed)
  return (
    <section className={styles.banner} aria-label="Bulk operation">
      <Badge state={operation.state}>
        {NAME[operation.action]}, {operation.state}
      </Badge>
      <div className={styles.track}>
        <Progress
          value={handled}
          max={Math.max(operation.matched, handled)}
          label={`${NAME[operation.action]}: progress`}
        />
      </div>
      <span className={styles.text} role="status">
        {count(operation.done)} of {count(operation.to_do)} done
        {failed > 0 && `, ${count(failed)} could not be`}
        {operation.stalled && ` · waits: ${words(operation.stalled)}`}
      </span>
      {operation.state === 'running' ? (
        <Button small needs="operate" onClick={() => void cancel()}>
          Stop
        </Button>
      ) : (
        <IconButton small icon="close" label="Dismiss" onClick={() => setDismissed(operation.id)} />
      )}
    </section>
  )
}

function sum(numbers: Record<string, number>): number {
  return Object.values(numbers).reduce((total, number) => total + number, 0)
}
