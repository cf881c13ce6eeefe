// One destination.
import { Page } from '@/ui/Page'

export function DestinationPage() {
  return <Page title="Destination">{null}</Page>
}
