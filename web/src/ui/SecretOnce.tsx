// A secret that the gateway shows once: to be copied now.
import { CopyButton } from './Copy'
import styles from './SecretOnce.module.css'

export function SecretOnce({ secret, label }: { secret: string; label: string }) {
  return (
    <div className={styles.frame}>
      <div className={styles.text}>
        <p className={styles.label}>{label}</p>
        <code className={styles.secret} data-testid="secret">
          {secret}
        </code>
      </div>
      <CopyButton small text={secret} label="Copy" />
    </div>
  )
}
