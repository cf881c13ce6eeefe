// The help sheet: what the keyboard does on this page.
import { Dialog } from '@/ui/Dialog'
import { Keys } from '@/ui/Keys'
import { useShortcutGroups } from '@/ui/shortcuts'
import styles from './ShortcutsHelp.module.css'

export function ShortcutsHelp({
  open,
  onOpenChange,
}: {
  open: boolean
  onOpenChange: (open: boolean) => void
}) {
  const groups = useShortcutGroups()
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title="Keyboard shortcuts" size="m">
      <div className={styles.groups}>
        {groups.map((group) => (
          <section key={group.id} className={styles.group}>
            <h3 className={styles.title}>{group.title}</h3>
            <ul>
              {group.shortcuts.current.map((shortcut) => (
                <li key={shortcut.keys} className={styles.line}>
                  <span>{shortcut.label}</span>
                  <Keys keys={shortcut.keys} />
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </Dialog>
  )
}
