// What fails.
import { Page } from '@/ui/Page'

export function IssuesPage() {
  return <Page title="Issues">{null}</Page>
}
