// One issue.
import { Page } from '@/ui/Page'

export function IssuePage() {
  return <Page title="Issue">{null}</Page>
}
