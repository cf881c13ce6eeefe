// Where the gateway does not have a part of the settings.
import { Problem } from '@/api/problem'
import { Empty, Failure } from '@/ui/States'

export function Unavailable({ error, what, retry }: { error: unknown; what: string; retry: () => void }) {
  if (error instanceof Problem && error.status === 404) {
    return (
      <Empty plain title={`This gateway has no ${what}`}>
        It is older than this page.
      </Empty>
    )
  }
  return <Failure plain error={error} retry={retry} />
}
