// What stands in the console before the first request: the URL, and three ways to have something arrive there.
import { useMay } from '@/api/may'
import type { Source } from '@/api/types'
import type { LiveStatus } from '@/live/useLive'
import { Code } from '@/ui/CodeView'
import { CopyButton, CopyIcon } from '@/ui/Copy'
import { LiveMark } from '@/ui/LiveMark'
import { SamplePanel } from './SamplePanel'
import styles from './Welcome.module.css'

type Props = { source: Source; status: LiveStatus; onSent: () => void }

export function Welcome({ source, status, onSent }: Props) {
  const may = useMay()
  const command = `curl -d '{"hello":"yard"}' \\\n  -H 'Content-Type: application/json' \\\n  ${source.url}`
  return (
    <div className={styles.scroll}>
      <div className={styles.page}>
        <p className={styles.over}>
          <LiveMark status={status} />
          waiting for the first webhook of <strong>{source.name}</strong>
        </p>
        <h2 className={styles.title}>Send it here</h2>
        <div className={styles.url}>
          <code className={styles.address}>{source.url}</code>
          <CopyButton look="primary" text={source.url} label="Copy the URL" />
        </div>
        <ol className={styles.ways}>
          <li>
            <h3>From your terminal</h3>
            <div className={styles.command}>
              <Code>{command}</Code>
              <CopyIcon text={command} label="Copy the command" />
            </div>
          </li>
          {may('operate') && (
            <li>
              <h3>As a provider would</h3>
              <p>Pick one, and a sample arrives as it would from there, signed, over the network.</p>
              <SamplePanel source={source} onSent={onSent} />
            </li>
          )}
          <li>
            <h3>For real</h3>
            <p>
              Give the URL to your provider. Whatever it sends is stored before it is acknowledged, shown here
              as it arrives, and forwarded once you say where to.
            </p>
          </li>
        </ol>
      </div>
    </div>
  )
}

/** The URL in one line, once there is something to look at. */
export function UrlBar({ source }: { source: Source }) {
  return (
    <div className={styles.bar}>
      <code className={styles.short} title={source.url}>
        {source.url}
      </code>
      <CopyIcon text={source.url} label="Copy the URL" />
    </div>
  )
}
