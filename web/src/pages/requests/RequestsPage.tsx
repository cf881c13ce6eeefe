// All requests.
import { Page } from '@/ui/Page'

export function RequestsPage() {
  return <Page title="Requests">{null}</Page>
}
