// What surrounds every page: the line with its stations, what the keyboard can do, messages, and the login where one is
// needed.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { remove, unauthorized } from '@/api/client'
import { ScopeContext } from '@/api/may'
import { isCode } from '@/api/problem'
import * as queries from '@/api/queries'
import type { Session } from '@/api/types'
import { IconButton } from '@/ui/Button'
import { classes } from '@/ui/classes'
import { Icon, Mark } from '@/ui/Icon'
import { Keys } from '@/ui/Keys'
import { Menu } from '@/ui/Menu'
import { listen, useShortcuts } from '@/ui/shortcuts'
import { toast } from '@/ui/toast'
import { Toasts } from '@/ui/Toasts'
import { NARROW, useMedia } from '@/ui/useMedia'
import { CommandPalette } from './CommandPalette'
import { ConflictDialog } from './ConflictDialog'
import { Login } from './Login'
import { PLACES } from './places'
import styles from './Shell.module.css'
import { ShortcutsHelp } from './ShortcutsHelp'
import { setTheme, switchTheme, useTheme, type Theme } from './theme'

export function Shell() {
  const client = useQueryClient()
  const session = useQuery(queries.session)
  useEffect(() => listen(), [])
  useEffect(() => {
    const onUnauthorized = () => void client.invalidateQueries({ queryKey: queries.session.queryKey })
    unauthorized.addEventListener('unauthorized', onUnauthorized)
    return () => unauthorized.removeEventListener('unauthorized', onUnauthorized)
  }, [client])
  const locked =
    isCode(session.error, 'unauthorized') || (session.data?.login_required && session.data.scope === null)
  return (
    <ScopeContext value={session.data?.scope ?? 'admin'}>
      {locked ? <Login /> : <Frame session={session.data} waiting={session.isPending} />}
      <ConflictDialog />
      <Toasts />
    </ScopeContext>
  )
}

type FrameProps = {
  session: Session | undefined
  /** It is not known yet whether one may look: what is the same for everybody is painted already. */
  waiting: boolean
}

function Frame({ session, waiting }: FrameProps) {
  const [palette, setPalette] = useState(false)
  const [help, setHelp] = useState(false)
  const [open, setOpen] = useState(false)
  const narrow = useMedia(NARROW)
  const navigate = useNavigate()
  const path = useRouterState({ select: (state) => state.location.pathname })
  useEffect(() => setOpen(false), [path])

  useShortcuts('Anywhere', [
    { keys: 'mod+k', label: 'Find anything', run: () => setPalette(true) },
    { keys: '?', label: 'Show these shortcuts', run: () => setHelp(true) },
    { keys: 't', label: 'Dark or light', run: switchTheme },
  ])
  useShortcuts(
    'Go to',
    PLACES.map((place) => ({
      keys: `g ${place.key}`,
      label: place.name,
      run: () => void navigate({ to: place.to }),
    })),
  )

  return (
    <div className={styles.frame}>
      <a className={styles.skip} href="#main">
        Skip to the page
      </a>
      {narrow && (
        <header className={styles.bar}>
          <IconButton
            icon="menu"
            label="Navigation"
            aria-expanded={open}
            aria-controls="navigation"
            onClick={() => setOpen(!open)}
          />
          <Brand />
          <span className={styles.push} />
          <IconButton icon="search" label="Find anything" onClick={() => setPalette(true)} />
        </header>
      )}
      {narrow && open && <div className={styles.shade} onClick={() => setOpen(false)} aria-hidden="true" />}
      {(!narrow || open) && (
        <aside
          id="navigation"
          aria-label="Navigation"
          className={classes(styles.side, narrow && styles.drawer)}
        >
          {!narrow && <Brand />}
          <button type="button" className={styles.find} onClick={() => setPalette(true)}>
            <Icon name="search" size={14} />
            <span>Find anything</span>
            <Keys keys="mod+k" />
          </button>
          <Stations counts={!waiting} />
          <span className={styles.push} />
          <Foot session={session} onHelp={() => setHelp(true)} />
        </aside>
      )}
      <main id="main" className={styles.main} tabIndex={-1}>
        {!waiting && <Outlet />}
      </main>
      <CommandPalette open={palette} onOpenChange={setPalette} />
      <ShortcutsHelp open={help} onOpenChange={setHelp} />
    </div>
  )
}

function Brand() {
  return (
    <Link to="/" className={styles.brand} aria-label="Hookyard, to its first page">
      <Mark />
      <span>Hookyard</span>
    </Link>
  )
}

/** The navigation, drawn as the stations of a line. */
function Stations({ counts }: { counts: boolean }) {
  const { data: issues } = useQuery({ ...queries.openIssues, enabled: counts })
  const count = issues ? (issues.next ? `${issues.data.length}+` : issues.data.length) : 0
  return (
    <nav className={styles.stations} aria-label="Pages">
      {PLACES.map((place) => (
        <Link key={place.to} to={place.to} className={styles.station} activeProps={{ 'data-here': true }}>
          <span className={styles.stop} aria-hidden="true" />
          <span className={styles.place}>{place.name}</span>
          {place.to === '/issues' && count !== 0 && (
            <span className={styles.count}>
              {count}
              <span className="visually-hidden"> open</span>
            </span>
          )}
        </Link>
      ))}
    </nav>
  )
}

function Foot({ session, onHelp }: { session: Session | undefined; onHelp: () => void }) {
  const theme = useTheme()
  const logout = async () => {
    try {
      await remove('/session')
      // Nothing of what was read stays in memory.
      window.location.reload()
    } catch (error) {
      toast.problem('Still logged in', error)
    }
  }
  const option = (value: Theme, label: string, icon: 'system' | 'moon' | 'sun') =>
    ({ label, icon, checked: theme === value, onSelect: () => setTheme(value) }) as const
  const actor = session?.actor
  return (
    <div className={styles.foot}>
      <Menu
        align="start"
        trigger={
          <IconButton
            icon={theme === 'system' ? 'system' : theme === 'dark' ? 'moon' : 'sun'}
            label="Theme"
          />
        }
        entries={[
          option('system', 'As the system', 'system'),
          option('dark', 'Dark', 'moon'),
          option('light', 'Light', 'sun'),
        ]}
      />
      <IconButton icon="keyboard" label="Keyboard shortcuts" onClick={onHelp} />
      {actor && (
        <Menu
          trigger={
            <button type="button" className={styles.actor} title={`Scope: ${session.scope ?? 'none'}`}>
              {actor.type === 'local' ? 'this machine' : actor.name}
            </button>
          }
          entries={[
            {
              heading: `May ${session.scope === 'read' ? 'read' : session.scope === 'operate' ? 'read and operate' : 'do everything'}`,
            },
            ...(actor.type === 'local'
              ? [{ label: 'No login is needed on this machine', disabled: true, onSelect: () => {} }]
              : [{ label: 'Log out', icon: 'logout' as const, onSelect: () => void logout() }]),
          ]}
        />
      )}
    </div>
  )
}
