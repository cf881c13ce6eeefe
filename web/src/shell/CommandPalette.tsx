// Everything by its name: pages, what is configured, and whatever an id is pasted of.
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Dialog as Radix } from 'radix-ui'
import { useMemo } from 'react'
import * as queries from '@/api/queries'
import { Icon } from '@/ui/Icon'
import { Keys } from '@/ui/Keys'
import { Listbox, type Choice } from '@/ui/Listbox'
import styles from './CommandPalette.module.css'
import { PLACES } from './places'
import { switchTheme } from './theme'

type Props = { open: boolean; onOpenChange: (open: boolean) => void }

export function CommandPalette({ open, onOpenChange }: Props) {
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className={styles.overlay} />
        <Radix.Content className={styles.content} aria-describedby={undefined}>
          <Radix.Title className="visually-hidden">Find anything</Radix.Title>
          <Palette close={() => onOpenChange(false)} />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

function Palette({ close }: { close: () => void }) {
  const navigate = useNavigate()
  const { data: sources } = useQuery(queries.sources)
  const { data: connections } = useQuery(queries.connections)
  const { data: destinations } = useQuery(queries.destinations)
  const choices = useMemo<Choice[]>(
    () => [
      ...PLACES.map((place) => ({
        value: place.to,
        label: place.name,
        words: 'go to page',
        icon: <Icon name={place.icon} />,
        hint: <Keys keys={`g ${place.key}`} />,
      })),
      {
        value: 'theme',
        label: 'Switch between dark and light',
        icon: <Icon name="sun" />,
        hint: <Keys keys="t" />,
      },
      ...(sources ?? []).map((item) => ({
        value: `/console?source=${item.id}`,
        label: item.name,
        words: `source ${item.id} ${item.provider} ${item.token}`,
        icon: <Icon name="requests" />,
        hint: `source · ${item.provider}`,
      })),
      ...(connections ?? []).map((item) => ({
        value: `/connections/${item.id}`,
        label: item.name,
        words: `connection ${item.id}`,
        icon: <Icon name="connections" />,
        hint: 'connection',
      })),
      ...(destinations ?? []).map((item) => ({
        value: `/destinations/${item.id}`,
        label: item.name,
        words: `destination ${item.id} ${item.url ?? ''}`,
        icon: <Icon name="destinations" />,
        hint: 'destination',
      })),
    ],
    [sources, connections, destinations],
  )
  const go = (value: string) => {
    close()
    if (value === 'theme') switchTheme()
    else void navigate({ href: value })
  }
  return (
    <Listbox
      choices={choices}
      onChoose={go}
      label="Find anything"
      placeholder="A page, a name, or an id such as req_… or evt_…"
      empty={(text) => <Id text={text.trim()} go={go} />}
    />
  )
}

const BY_KIND: Record<string, string> = { req: '/requests/', evt: '/events/', iss: '/issues/' }

/** What was typed may be the id of something that is in no list here. */
function Id({ text, go }: { text: string; go: (value: string) => void }) {
  const path = BY_KIND[text.slice(0, text.indexOf('_'))]
  if (!path) return <>Nothing is called “{text}”.</>
  return (
    <button type="button" className={styles.id} onClick={() => go(path + text)}>
      Open <code>{text}</code>
    </button>
  )
}
