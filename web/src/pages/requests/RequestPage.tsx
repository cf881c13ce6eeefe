// One request on a page of its own.
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import * as queries from '@/api/queries'
import { ButtonLink } from '@/ui/Button'
import { Page } from '@/ui/Page'
import { RequestActions } from './RequestActions'
import { RequestView } from './RequestView'

export function RequestPage() {
  const { id } = useParams({ from: '/requests/$id' })
  const { tab, bookmark } = useSearch({ from: '/requests/$id' })
  const navigate = useNavigate({ from: '/requests/$id' })
  const { data: sources } = useQuery(queries.sources)
  return (
    <Page
      title="Request"
      narrow
      before={
        <ButtonLink look="quiet" small icon="left" to="/requests">
          Requests
        </ButtonLink>
      }
    >
      <RequestView
        id={id}
        bookmark={bookmark}
        tab={tab}
        onTab={(next) => void navigate({ search: (before) => ({ ...before, tab: next }), replace: true })}
        actions={(request) => (
          <RequestActions request={request} source={sources?.find((item) => item.id === request.source_id)} />
        )}
      />
    </Page>
  )
}
