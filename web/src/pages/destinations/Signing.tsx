// What deliveries to a destination are signed with, and how that is changed over without a gap.
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { change } from '@/api/change'
import { errorAt, errorElsewhere, errorsOf, type Errors } from '@/api/problem'
import type { Destination } from '@/api/types'
import { Button } from '@/ui/Button'
import { CopyIcon } from '@/ui/Copy'
import { Dialog } from '@/ui/Dialog'
import { DurationInput } from '@/ui/DurationInput'
import { Field, Input } from '@/ui/Field'
import { Card } from '@/ui/Page'
import { SecretOnce } from '@/ui/SecretOnce'
import { Tag } from '@/ui/Signal'
import { Note } from '@/ui/States'
import { Segments } from '@/ui/Tabs'
import { Ago, Moment } from '@/ui/Time'
import { duration } from '@/ui/format'
import styles from './Signing.module.css'

export function Signing({ destination }: { destination: Destination }) {
  const [rotating, setRotating] = useState(false)
  const fromFile = destination.managed_by === 'file'
  return (
    <div className={styles.stack}>
      <p className={styles.lead}>
        Every delivery is signed after{' '}
        <a href="https://www.standardwebhooks.com" target="_blank" rel="noreferrer">
          Standard Webhooks
        </a>
        : one signature in <code>webhook-signature</code> for each of these. Any of its libraries verifies
        them.
      </p>
      <Card flush>
        <ul>
          {destination.signing_secrets.map((secret, at) => (
            <li key={at} className={styles.secret}>
              <code className={styles.hint}>{secret.public_key ?? secret.hint}</code>
              {secret.public_key && <CopyIcon text={secret.public_key} label="Copy the public key" />}
              <Tag tone={secret.public_key ? 'violet' : 'blue'}>
                {secret.public_key ? 'Ed25519' : 'HMAC-SHA256'}
              </Tag>
              <span className={styles.until}>
                {secret.ends_at ? (
                  <>
                    signs until <Moment at={secret.ends_at} milliseconds={false} /> (
                    <Ago at={secret.ends_at} />)
                  </>
                ) : (
                  'signs now'
                )}
              </span>
            </li>
          ))}
        </ul>
      </Card>
      {fromFile ? (
        <Note>
          Its secrets stand in the configuration file: put the new one before the old one, and take the old
          one away later.
        </Note>
      ) : (
        <div>
          <Button icon="retry" needs="admin" onClick={() => setRotating(true)}>
            Rotate the secret
          </Button>
        </div>
      )}
      {rotating && <Rotate destination={destination} close={() => setRotating(false)} />}
    </div>
  )
}

const DAY = 86_400_000
const HELP = {
  hmac: 'The receiver verifies with the same secret, which is shown once.',
  ed25519: 'The private key never leaves Hookyard; the receiver is given the public one.',
  own: 'A Standard Webhooks secret, whsec_… or whsk_…, that you have already. It is not shown again.',
}

function Rotate({ destination, close }: { destination: Destination; close: () => void }) {
  const client = useQueryClient()
  const [kind, setKind] = useState<'hmac' | 'ed25519' | 'own'>('hmac')
  const [own, setOwn] = useState('')
  const [overlap, setOverlap] = useState<number | null>(DAY)
  const [busy, setBusy] = useState(false)
  const [errors, setErrors] = useState<Errors>({})
  const [made, setMade] = useState<Destination | null>(null)
  const rotate = async () => {
    setBusy(true)
    setErrors({})
    try {
      const outcome = await change('destinations', destination, {
        action: 'rotate-secret',
        body: {
          ...(kind === 'own' ? { secret: own.trim() } : { algorithm: kind }),
          overlap_ms: overlap ?? 0,
        },
      })
      if (!outcome.made) return
      setMade(outcome.answer)
      await client.invalidateQueries({ queryKey: ['destinations'] })
    } catch (problem) {
      setErrors(errorsOf(problem))
    } finally {
      setBusy(false)
    }
  }
  if (made) {
    const publicKey = made.signing_secrets.find((secret) => secret.public_key && !secret.ends_at)?.public_key
    const until = overlap ? `for ${duration(overlap)} more` : 'no more'
    return (
      <Dialog
        open
        onOpenChange={close}
        title="The new secret signs from now on"
        description={`Give it to the service that receives the deliveries. The one before signs ${until}.`}
        footer={
          <Button look="primary" onClick={close}>
            I have noted it
          </Button>
        }
      >
        {(made.signing_secrets_generated ?? []).map((secret) => (
          <SecretOnce key={secret} secret={secret} label="Signing secret, shown now and never again" />
        ))}
        {publicKey && <SecretOnce secret={publicKey} label="Public key" />}
      </Dialog>
    )
  }
  const elsewhere = errorElsewhere(errors, [
    'overlap_ms',
    ...(kind === 'own' ? ['secret', 'signing_secrets'] : []),
  ])
  return (
    <Dialog
      open
      onOpenChange={close}
      title="Rotate the signing secret"
      description="A new secret signs from now on, and those that sign now go on beside it for a while, so that the receiver can change over in its own time."
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button
            look="primary"
            busy={busy}
            disabled={kind === 'own' && own.trim() === ''}
            onClick={() => void rotate()}
          >
            Rotate
          </Button>
        </>
      }
    >
      <div className={styles.form}>
        <Segments
          label="Kind of the new secret"
          value={kind}
          onChange={setKind}
          options={[
            { value: 'hmac', label: 'Shared secret (HMAC)' },
            { value: 'ed25519', label: 'Key pair (Ed25519)' },
            { value: 'own', label: 'One of your own' },
          ]}
        />
        <p className={styles.help}>{HELP[kind]}</p>
        {kind === 'own' && (
          <Field label="Secret" error={errors.secret ?? errorAt(errors, 'signing_secrets')}>
            {(control) => (
              <Input
                {...control}
                mono
                type="password"
                autoComplete="new-password"
                placeholder="whsec_…"
                value={own}
                onChange={(event) => setOwn(event.target.value)}
              />
            )}
          </Field>
        )}
        <Field
          label="The old one signs for"
          help="0 to 30 d; with 0 it ends at once."
          error={errors.overlap_ms}
        >
          {(control) => <DurationInput {...control} value={overlap} onChange={setOverlap} />}
        </Field>
        {elsewhere && (
          <Note tone="red" title="Nothing was changed">
            {elsewhere}
          </Note>
        )}
      </div>
    </Dialog>
  )
}
