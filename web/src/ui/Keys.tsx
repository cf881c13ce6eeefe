// The keys of a shortcut, drawn.
import { keyNames } from './shortcuts'
import styles from './Keys.module.css'

export function Keys({ keys }: { keys: string }) {
  return (
    <span className={styles.keys}>
      {keyNames(keys).map((name, index) => (
        <kbd key={index}>{name}</kbd>
      ))}
    </span>
  )
}
