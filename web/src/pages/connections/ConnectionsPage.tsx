// All connections, as the graph from sources to destinations.
import { Page } from '@/ui/Page'

export function ConnectionsPage() {
  return <Page title="Connections">{null}</Page>
}
