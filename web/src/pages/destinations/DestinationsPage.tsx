// All destinations and how their lanes stand.
import { Page } from '@/ui/Page'

export function DestinationsPage() {
  return <Page title="Destinations">{null}</Page>
}
