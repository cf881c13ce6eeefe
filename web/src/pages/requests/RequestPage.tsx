// One request.
import { Page } from '@/ui/Page'

export function RequestPage() {
  return <Page title="Request">{null}</Page>
}
