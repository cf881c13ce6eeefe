// Filters that lists of requests and of events have in common.
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import * as queries from '@/api/queries'
import { checkMatch, type FilterField } from './filters'

type Named = { id: string; name: string }
const choices = (items: Named[] | undefined) =>
  (items ?? []).map((item) => ({ value: item.id, label: item.name, words: item.id }))

/** Fields whose values are what is configured. */
export function useConfiguredFields(): {
  source: FilterField
  connection: FilterField
  destination: FilterField
} {
  const { data: sources } = useQuery(queries.sources)
  const { data: connections } = useQuery(queries.connections)
  const { data: destinations } = useQuery(queries.destinations)
  return useMemo(
    () => ({
      source: { name: 'source_id', label: 'Source', choices: choices(sources) },
      connection: { name: 'connection_id', label: 'Connection', choices: choices(connections) },
      destination: { name: 'destination_id', label: 'Destination', choices: choices(destinations) },
    }),
    [sources, connections, destinations],
  )
}

export const MATCH: FilterField = {
  name: 'match',
  label: 'Values',
  multiline: true,
  placeholder: '{"body": {"type": "invoice.paid"}}',
  help: 'A filter as a connection has it, on body, headers, query and path. Clicking a value in a body makes one.',
  check: checkMatch,
}

export const TOPIC: FilterField = { name: 'topic', label: 'Topic', placeholder: 'invoice.paid' }
export const PROVIDER_EVENT_ID: FilterField = {
  name: 'provider_event_id',
  label: "Provider's event id",
  placeholder: 'evt_1PqRst2eZvKYlo2C',
}
