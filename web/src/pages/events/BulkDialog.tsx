// One change to all events that the filters find: first what would be done, then it is done.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { post } from '@/api/client'
import type { BulkAction, BulkOperation, BulkPlan } from '@/api/types'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { Checkbox, Field, Input } from '@/ui/Field'
import { count, duration, plural, words } from '@/ui/format'
import { Signal } from '@/ui/Signal'
import { Failure, LoadingRows, Note } from '@/ui/States'
import { toast } from '@/ui/toast'
import { NAME } from './actions'
import styles from './Bulk.module.css'

type Props = { action: BulkAction; query: Record<string, unknown>; onClose: () => void }

const RATE_DEFAULT = 100
const RATE_MAX = 10_000

export function BulkDialog({ action, query, onClose }: Props) {
  const client = useQueryClient()
  const [successful, setSuccessful] = useState(false)
  const [rate, setRate] = useState(String(RATE_DEFAULT))
  const [busy, setBusy] = useState(false)
  const plan = useQuery({
    queryKey: ['bulk_operations', 'plan', action, query, successful],
    queryFn: () => post<BulkPlan>('/bulk_operations/plan', { action, query, include_successful: successful }),
    staleTime: 0,
    gcTime: 0,
  })
  const perSecond = Number(rate)
  const rateIsRight = Number.isInteger(perSecond) && perSecond >= 1 && perSecond <= RATE_MAX
  const start = async () => {
    if (!plan.data) return
    setBusy(true)
    try {
      await post<BulkOperation>('/bulk_operations', {
        action,
        query,
        include_successful: successful,
        rate_per_s: perSecond,
        ...(plan.data.up_to && { up_to: plan.data.up_to }),
        ...(plan.data.exact && { events_max: plan.data.to_do }),
      })
      await client.invalidateQueries({ queryKey: ['bulk_operations'] })
      onClose()
    } catch (error) {
      toast.problem('Nothing was begun', error)
    } finally {
      setBusy(false)
    }
  }
  const toDo = plan.data?.to_do ?? 0
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={`${NAME[action]} all that the filters find`}
      description="Events that arrive from now on are not among them."
      footer={
        <>
          <Button look="quiet" onClick={onClose}>
            Not now
          </Button>
          <Button
            look={action === 'cancel' ? 'danger' : 'primary'}
            busy={busy}
            disabled={!plan.data || toDo === 0 || !rateIsRight}
            onClick={() => void start()}
          >
            {plan.data ? `${NAME[action]} ${plural(toDo, 'event')}` : NAME[action]}
          </Button>
        </>
      }
    >
      {plan.error ? (
        <Failure plain error={plan.error} retry={() => void plan.refetch()} />
      ) : plan.data ? (
        <Plan plan={plan.data} perSecond={rateIsRight ? perSecond : RATE_DEFAULT} />
      ) : (
        <LoadingRows rows={3} label="Counting" />
      )}
      <div className={styles.options}>
        <Field
          label="Events per second, at most"
          error={rateIsRight ? null : `A whole number from 1 to ${count(RATE_MAX)}.`}
        >
          {(control) => (
            <Input
              {...control}
              inputMode="numeric"
              value={rate}
              onChange={(event) => setRate(event.target.value)}
            />
          )}
        </Field>
        {action !== 'cancel' && (
          <Checkbox
            label="Also those that were successful"
            checked={successful}
            onChange={(event) => setSuccessful(event.target.checked)}
          />
        )}
      </div>
    </Dialog>
  )
}

/** Why events that the filters find stay as they are. */
const LEFT_OUT: Record<string, string> = {
  successful: 'were successful already',
  state_not_named: 'were cancelled or discarded, and the filters do not ask for that state',
  not_transformed: 'failed in their transformation: replay them instead',
  waiting: 'wait for their delivery anyway',
  ended: 'have ended',
  connection_disabled: 'belong to a connection that is disabled',
  connection_deleted: 'belong to a connection that was deleted',
}

function Plan({ plan, perSecond }: { plan: BulkPlan; perSecond: number }) {
  const leftOut = Object.entries(plan.left_out)
  return (
    <div className={styles.plan}>
      <dl className={styles.numbers}>
        <div>
          <dt>Found</dt>
          <dd>
            {count(plan.matched)}
            {!plan.exact && '+'}
          </dd>
        </div>
        <div>
          <dt>To do</dt>
          <dd>
            {count(plan.to_do)}
            {!plan.exact && '+'}
          </dd>
        </div>
        <div>
          <dt>Takes about</dt>
          <dd>{plan.to_do > 0 ? duration(Math.max(plan.to_do / perSecond, 1) * 1_000) : '–'}</dd>
        </div>
      </dl>
      {leftOut.length > 0 && (
        <Note tone="amber" title="Left out">
          <ul>
            {leftOut.map(([why, number]) => (
              <li key={why}>
                {count(number)} {LEFT_OUT[why] ?? words(why)}
              </li>
            ))}
          </ul>
        </Note>
      )}
      {plan.sample.length > 0 && (
        <ul className={styles.sample} aria-label="Some of them">
          {plan.sample.slice(0, 5).map((event) => (
            <li key={event.id}>
              <Signal state={event.state} />
              <code>{event.id}</code>
            </li>
          ))}
          {plan.to_do > 5 && <li>and {count(plan.to_do - Math.min(plan.sample.length, 5))} more</li>}
        </ul>
      )}
    </div>
  )
}
