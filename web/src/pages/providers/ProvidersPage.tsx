// The catalogue of providers.
import { Page } from '@/ui/Page'

export function ProvidersPage() {
  return <Page title="Providers">{null}</Page>
}
