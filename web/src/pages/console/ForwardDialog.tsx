// "Forward it to…": a URL becomes a destination, and a connection leads there from the source.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { post } from '@/api/client'
import { Problem } from '@/api/problem'
import * as queries from '@/api/queries'
import type { Connection, Destination, RequestDetail, Source } from '@/api/types'
import { Button, ButtonLink } from '@/ui/Button'
import { Code } from '@/ui/CodeView'
import { Combobox } from '@/ui/Combobox'
import { CopyButton } from '@/ui/Copy'
import { Dialog } from '@/ui/Dialog'
import { Checkbox, Field, Input } from '@/ui/Field'
import { Note } from '@/ui/States'
import { bookmark } from '../requests/RequestActions'

type Props = { source: Source; request?: RequestDetail; onClose: () => void }
type Made = { connection: Connection; secret: string | null; again: string | null; notSent: string | null }

const NEW = 'new'

export function ForwardDialog({ source, request, onClose }: Props) {
  const client = useQueryClient()
  const { data: destinations } = useQuery(queries.destinations)
  const [target, setTarget] = useState(NEW)
  const [url, setUrl] = useState('')
  const [again, setAgain] = useState(request !== undefined)
  const [problem, setProblem] = useState<unknown>(null)
  const [busy, setBusy] = useState(false)
  const [made, setMade] = useState<Made | null>(null)

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setProblem(null)
    try {
      const existing = destinations?.find((item) => item.id === target)
      const destination = existing ?? (await makeDestination(url.trim()))
      const connection = await withFreeName(`${source.name}-${destination.name}`, (name) =>
        post<Connection>('/connections', { name, source_id: source.id, destination_id: destination.id }),
      )
      const sent = request && again ? await receiveAgain(request) : { again: null, notSent: null }
      setMade({ connection, secret: destination.signing_secrets_generated?.[0] ?? null, ...sent })
      for (const key of ['destinations', 'connections', 'requests', 'events', 'bookmarks']) {
        await client.invalidateQueries({ queryKey: [key] })
      }
    } catch (error) {
      setProblem(error)
    } finally {
      setBusy(false)
    }
  }

  if (made) return <Done made={made} onClose={onClose} />
  const detail = problem instanceof Error ? problem.message : null
  const field = problem instanceof Problem ? problem.field : null
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      size="s"
      title={`Forward ${source.name} to…`}
      description="Everything that arrives from now on is delivered there, signed and retried."
      footer={
        <>
          <Button look="quiet" onClick={onClose}>
            Not now
          </Button>
          <Button
            look="primary"
            type="submit"
            form="forward"
            busy={busy}
            disabled={target === NEW && url.trim() === ''}
          >
            Forward
          </Button>
        </>
      }
    >
      <form id="forward" onSubmit={(event) => void submit(event)}>
        {destinations && destinations.length > 0 && (
          <Field label="Destination">
            {(control) => (
              <Combobox
                id={control.id}
                label="Destination"
                value={target}
                onChange={setTarget}
                choices={[
                  { value: NEW, label: 'A new URL' },
                  ...destinations.map((item) => ({
                    value: item.id,
                    label: item.name,
                    ...(item.url && { words: item.url, hint: item.url }),
                  })),
                ]}
              />
            )}
          </Field>
        )}
        {target === NEW && (
          <Field
            label="URL"
            error={field === 'url' || field === null ? detail : null}
            help="Your service, such as http://localhost:3000/webhooks."
          >
            {(control) => (
              <Input
                {...control}
                mono
                type="url"
                required
                placeholder="http://localhost:3000/webhooks"
                value={url}
                onChange={(event) => setUrl(event.target.value)}
              />
            )}
          </Field>
        )}
        {request && (
          <Field label="This request">
            {(control) => (
              <Checkbox
                id={control.id}
                checked={again}
                onChange={(event) => setAgain(event.target.checked)}
                label="Receive it once more, so that it goes there too"
              />
            )}
          </Field>
        )}
        {problem !== null && field !== 'url' && (target !== NEW || field !== null) && (
          <Note tone="red" title="Nothing was forwarded">
            {detail}
          </Note>
        )}
      </form>
    </Dialog>
  )
}

function Done({ made, onClose }: { made: Made; onClose: () => void }) {
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      size="s"
      title="It is connected"
      description={`${made.connection.name} delivers what arrives from now on.`}
      footer={
        <>
          <ButtonLink look="quiet" to="/connections/$id" params={{ id: made.connection.id }}>
            Rules and retries
          </ButtonLink>
          <Button look="primary" onClick={onClose}>
            Done
          </Button>
        </>
      }
    >
      {made.secret && (
        <Field
          label="Signing secret"
          help="Your service verifies deliveries with it (Standard Webhooks). It is shown this once."
        >
          {() => (
            <>
              <Code wrap>{made.secret ?? ''}</Code>
              <CopyButton small text={made.secret ?? ''} label="Copy the secret" />
            </>
          )}
        </Field>
      )}
      {made.again && (
        <Note tone="green" title="Received once more">{`As ${made.again}. Its event is on its way.`}</Note>
      )}
      {made.notSent && (
        <Note tone="amber" title="The request was not received once more">
          {made.notSent}
        </Note>
      )}
    </Dialog>
  )
}

async function receiveAgain(request: RequestDetail): Promise<Pick<Made, 'again' | 'notSent'>> {
  try {
    const kept = await bookmark(request)
    const { request_id } = await post<{ request_id: string }>(`/bookmarks/${kept.id}/trigger`)
    return { again: request_id, notSent: null }
  } catch (error) {
    return { again: null, notSent: error instanceof Error ? error.message : String(error) }
  }
}

async function makeDestination(url: string): Promise<Destination> {
  return withFreeName(nameOf(url), (name) => post<Destination>('/destinations', { name, url }))
}

/** `localhost-3000`, from what the URL says. */
export function nameOf(url: string): string {
  try {
    return new URL(url).host.replaceAll(/[^A-Za-z0-9._-]/g, '-').replace(/^-+/, '') || 'destination'
  } catch {
    return 'destination'
  }
}

/** Names are unique: where one is taken, the next number is tried. */
export async function withFreeName<T>(name: string, make: (name: string) => Promise<T>): Promise<T> {
  for (let number = 1; ; number += 1) {
    try {
      return await make(number === 1 ? name : `${name}-${number}`)
    } catch (error) {
      if (number < 20 && error instanceof Problem && error.code === 'name_taken') continue
      throw error
    }
  }
}
