// One provider: how a source for it is set up, what is verified, what it expects, and its settings.
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import * as queries from '@/api/queries'
import type { ProviderDetail as Detail } from '@/api/types'
import { Button } from '@/ui/Button'
import { Section } from '@/ui/Page'
import { Tag, type Tone } from '@/ui/Signal'
import { Failure, LoadingRows, Note } from '@/ui/States'
import { words } from '@/ui/format'
import { SourceDialog } from '../console/source/SourceDialog'
import styles from './ProvidersPage.module.css'

const CONFIDENCE: Record<Detail['confidence'], { tone: Tone; text: string }> = {
  high: { tone: 'green', text: "tested against the provider's own code" },
  medium: { tone: 'blue', text: 'from its documents' },
  low: { tone: 'amber', text: 'pieced together' },
}

type Props = { name: string; onBack?: () => void; onMade: (sourceId: string) => void }

export function ProviderDetail({ name, onBack, onMade }: Props) {
  const query = useQuery(queries.provider(name))
  const [making, setMaking] = useState(false)
  if (query.error) return <Failure plain error={query.error} retry={() => void query.refetch()} />
  if (!query.data) return <LoadingRows rows={5} label="Loading the provider" />
  const provider = query.data
  const { answer } = provider
  return (
    <article>
      {onBack && (
        <div className={styles.back}>
          <Button small look="quiet" icon="left" onClick={onBack}>
            All providers
          </Button>
        </div>
      )}
      <header className={styles.head}>
        <div>
          <h2 className={styles.name}>{provider.title}</h2>
          <p className={styles.under}>
            <code>{provider.name}</code> · {words(provider.category)}{' '}
            <Tag tone={CONFIDENCE[provider.confidence].tone}>{CONFIDENCE[provider.confidence].text}</Tag>
          </p>
        </div>
        <Button look="primary" icon="plus" needs="admin" onClick={() => setMaking(true)}>
          Make a source
        </Button>
      </header>
      {provider.note && <Note>{marked(provider.note)}</Note>}
      <Section title="How it is set up">
        <ol className={styles.steps}>
          <li>
            <strong>Make a source.</strong> It has a URL at once.
          </li>
          <li>
            <strong>Give the URL to {provider.title}</strong>
            {provider.handshake.length > 0
              ? ', which asks whether somebody listens there; that is answered.'
              : '.'}
            <Docs docs={provider.docs} />
          </li>
          <Secret provider={provider} />
        </ol>
      </Section>
      <Section title="What is verified">
        {provider.schemes.length === 0 && (
          <p className={styles.text}>Nothing: it accepts whatever arrives at its URL.</p>
        )}
        {provider.schemes.map((scheme, at) => (
          <p key={at} className={styles.text}>
            {(scheme.name ?? scheme.meaning) && (
              <>
                <strong>{scheme.meaning ?? scheme.name}.</strong>{' '}
              </>
            )}
            {marked(scheme.how)}
          </p>
        ))}
      </Section>
      {provider.handshake.length > 0 && (
        <Section title="Handshakes">
          {provider.handshake.map((handshake) => (
            <p key={handshake.name} className={styles.text}>
              <strong>{words(handshake.name)}.</strong> {marked(handshake.how)}
            </p>
          ))}
        </Section>
      )}
      {answer && (answer.status !== null || answer.retries) && (
        <Section title="What it expects">
          <p className={styles.text}>
            {answer.status !== null && `It is answered ${answer.status}. `}
            {answer.refused_status !== null &&
              `What does not verify is refused with ${answer.refused_status}. `}
          </p>
          {answer.retries && (
            <p className={styles.text}>
              What it takes for delivered, and when it tries again: {marked(answer.retries)}.
            </p>
          )}
        </Section>
      )}
      {provider.settings.length > 0 && (
        <Section title="Settings">
          <dl className={styles.settings}>
            {provider.settings.map((setting) => (
              <div key={setting.name}>
                <dt>
                  <code>{setting.name}</code> {setting.required ? <Tag tone="amber">needed</Tag> : null}
                  {setting.secret ? <Tag tone="violet">secret</Tag> : null}
                  {setting.default !== null ? <Tag>by default {setting.default}</Tag> : null}
                </dt>
                <dd className={styles.text}>
                  {marked(setting.meaning)}
                  {setting.values.length > 0 && ` One of ${setting.values.join(', ')}.`}
                </dd>
              </div>
            ))}
          </dl>
        </Section>
      )}
      {making && (
        <SourceDialog
          source={null}
          provider={provider.name}
          onClose={() => setMaking(false)}
          onSaved={(source) => onMade(source.id)}
        />
      )}
    </article>
  )
}

function Secret({ provider }: { provider: Detail }) {
  const { secret } = provider
  if (!secret) {
    return (
      <li>
        <strong>{provider.secrets_required ? 'Give the source its secret.' : 'No secret is needed.'}</strong>
      </li>
    )
  }
  if (secret.captured) {
    return (
      <li>
        <strong>There is nothing to paste:</strong> its first handshake brings the {secret.called ?? 'secret'}
        .
      </li>
    )
  }
  return (
    <li>
      <strong>
        Give the source its {secret.called ?? 'secret'}
        {secret.public && ', which is public'}.
      </strong>{' '}
      {secret.found && <>It is found at {marked(secret.found)}.</>}
    </li>
  )
}

function Docs({ docs }: { docs: Detail['docs'] }) {
  const all = docs === null ? [] : Array.isArray(docs) ? docs : [docs]
  return all
    .filter((address) => /^https?:/.test(address))
    .map((address) => (
      <span key={address}>
        {' '}
        <a className={styles.link} href={address} target="_blank" rel="noreferrer">
          {new URL(address).host}
        </a>
      </span>
    ))
}

/** Text in which backticks mark what is typed. */
function marked(text: string) {
  return text.split('`').map((part, at) => (at % 2 === 1 ? <code key={at}>{part}</code> : part))
}
