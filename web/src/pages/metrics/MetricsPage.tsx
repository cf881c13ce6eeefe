// Throughput, errors, latency, queue and disk over time.
import { Page } from '@/ui/Page'

export function MetricsPage() {
  return <Page title="Metrics">{null}</Page>
}
