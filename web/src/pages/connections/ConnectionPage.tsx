// One connection with its rules.
import { Page } from '@/ui/Page'

export function ConnectionPage() {
  return <Page title="Connection">{null}</Page>
}
