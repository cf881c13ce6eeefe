// One event on a page of its own.
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { ButtonLink } from '@/ui/Button'
import { Page } from '@/ui/Page'
import { EventView } from './EventView'

export function EventPage() {
  const { id } = useParams({ from: '/events/$id' })
  const { tab } = useSearch({ from: '/events/$id' })
  const navigate = useNavigate({ from: '/events/$id' })
  return (
    <Page
      title="Event"
      narrow
      before={
        <ButtonLink look="quiet" small icon="left" to="/events">
          Events
        </ButtonLink>
      }
    >
      <EventView
        key={id}
        id={id}
        tab={tab}
        onTab={(next) => void navigate({ search: (before) => ({ ...before, tab: next }), replace: true })}
      />
    </Page>
  )
}
