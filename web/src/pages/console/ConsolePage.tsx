// The console.
import { Page } from '@/ui/Page'

export function ConsolePage() {
  return <Page title="Console">{null}</Page>
}
