// "Send a signed sample": as the provider would send it, over the network, to the source's own URL.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { change } from '@/api/change'
import { post } from '@/api/client'
import { useMay } from '@/api/may'
import * as queries from '@/api/queries'
import type { Sample, Source } from '@/api/types'
import { Button } from '@/ui/Button'
import { toast } from '@/ui/toast'
import { makeUp } from './source/secret'
import { ProviderPicker } from './source/ProviderPicker'
import { SourceDialog } from './source/SourceDialog'
import styles from './SamplePanel.module.css'

type Props = { source: Source; onSent: (requestId: string | null) => void }

export function SamplePanel({ source, onSent }: Props) {
  const client = useQueryClient()
  const may = useMay()
  const [busy, setBusy] = useState(false)
  const [setUp, setSetUp] = useState<string | null>(null)
  const { data: provider } = useQuery(queries.provider(source.provider))

  const send = async () => {
    setBusy(true)
    try {
      const sample = await post<Sample>(`/sources/${source.id}/sample`, {})
      onSent(sample.sent?.request_id ?? null)
      if (sample.sent && sample.sent.status >= 300) {
        toast.error(`The sample was answered ${sample.sent.status}`, sample.sent.answer)
      }
      await client.invalidateQueries({ queryKey: ['requests'] })
    } catch (error) {
      toast.problem('No sample was sent', error)
    } finally {
      setBusy(false)
    }
  }

  /** Takes the provider at once where nothing but a secret is needed, and a person chooses that; otherwise asks. */
  const choose = async (name: string) => {
    if (name === source.provider) return
    try {
      const next = await client.fetchQuery(queries.provider(name))
      const asks = next.settings.some((setting) => setting.required)
      const secret = next.name === 'none' || !next.secrets_required ? '' : makeUp(next)
      if (asks || secret === null || source.managed_by === 'file') {
        setSetUp(name)
        return
      }
      const settings = Object.fromEntries(Object.keys(source.settings).map((key) => [key, null]))
      const outcome = await change('sources', source, {
        body: { provider: name, secrets: secret ? [secret] : [], settings },
      })
      if (!outcome.made) return
      await client.invalidateQueries({ queryKey: ['sources'] })
      toast.good(
        name === 'none' ? 'Nothing is verified any more' : `Verified as ${next.title} from now on`,
        secret ? 'With a secret that was made up for trying. Put in your own before you use it.' : null,
      )
    } catch (error) {
      toast.problem('The provider stays as it is', error)
    }
  }

  return (
    <div className={styles.panel}>
      <div className={styles.picker}>
        <ProviderPicker
          value={source.provider}
          onChange={(name) => void choose(name)}
          disabled={!may('admin')}
        />
      </div>
      <Button look="primary" icon="send" needs="operate" busy={busy} onClick={() => void send()}>
        {source.provider === 'none' ? 'Send a sample' : 'Send a signed sample'}
      </Button>
      {provider && provider.name !== 'none' && (
        <Button look="quiet" icon="lock" needs="admin" onClick={() => setSetUp(source.provider)}>
          {source.secrets[0] ? `Secret ${source.secrets[0].hint}` : 'Set up'}
        </Button>
      )}
      {setUp !== null && (
        <SourceDialog
          source={source}
          provider={setUp}
          onClose={() => setSetUp(null)}
          onSaved={() => setSetUp(null)}
        />
      )}
    </div>
  )
}
