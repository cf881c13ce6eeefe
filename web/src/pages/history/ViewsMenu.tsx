// The menu of views: those that everybody has, one's own, and a way to keep the present filters as one.
import { useState } from 'react'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { Field, Input } from '@/ui/Field'
import { Menu, type MenuEntry } from '@/ui/Menu'
import { useViews, type View } from './views'

type Props = {
  resource: 'requests' | 'events'
  presets: View[]
  /** The present filters. */
  current: Record<string, string>
  onChoose: (search: Record<string, string>) => void
}

const same = (a: Record<string, string>, b: Record<string, string>) =>
  JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort())

export function ViewsMenu({ resource, presets, current, onChoose }: Props) {
  const { views, save, forget } = useViews(resource)
  const [naming, setNaming] = useState(false)
  const [name, setName] = useState('')
  const active = [...presets, ...views].find((view) => same(view.search, current))
  const entry = (view: View) => ({
    label: view.name,
    checked: view === active,
    onSelect: () => onChoose(view.search),
  })
  const own = views.find((view) => view === active)
  const entries: MenuEntry[] = [
    ...presets.map(entry),
    ...(views.length > 0 ? [{ heading: 'Saved in this browser' } as MenuEntry, ...views.map(entry)] : []),
    'line',
    {
      label: 'Save these filters as a view…',
      icon: 'plus',
      disabled: Object.keys(current).length === 0,
      onSelect: () => setNaming(true),
    },
    ...(own
      ? [
          {
            label: `Forget “${own.name}”`,
            icon: 'trash' as const,
            danger: true,
            onSelect: () => forget(own.name),
          },
        ]
      : []),
  ]
  return (
    <>
      <Menu
        trigger={
          <Button look="quiet" icon="bookmark" trailing="down">
            {active?.name ?? 'Views'}
          </Button>
        }
        entries={entries}
      />
      <Dialog
        open={naming}
        onOpenChange={setNaming}
        size="s"
        title="Save a view"
        description="The filters, under a name, in this browser. To share them, share the address of the page."
        footer={
          <Button look="primary" type="submit" form="view" disabled={name.trim() === ''}>
            Save
          </Button>
        }
      >
        <form
          id="view"
          onSubmit={(event) => {
            event.preventDefault()
            save({ name: name.trim(), search: current })
            setNaming(false)
            setName('')
          }}
        >
          <Field label="Name">
            {(control) => (
              <Input
                {...control}
                value={name}
                maxLength={60}
                onChange={(event) => setName(event.target.value)}
              />
            )}
          </Field>
        </form>
      </Dialog>
    </>
  )
}
