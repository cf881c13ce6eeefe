// Names of what is configured, for rows that have ids only. One look-up for all pages, read once.
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { connections, destinations, sources } from './queries'

export type Names = {
  /** The name behind an id, or the id's own end where it is not known (any more). */
  of: (id: string | null | undefined) => string
}

export function useNames(): Names {
  const { data: source } = useQuery(sources)
  const { data: destination } = useQuery(destinations)
  const { data: connection } = useQuery(connections)
  return useMemo(() => {
    const names = new Map<string, string>()
    for (const list of [source, destination, connection]) {
      for (const item of list ?? []) names.set(item.id, item.name)
    }
    return { of: (id) => (id ? (names.get(id) ?? id) : '–') }
  }, [source, destination, connection])
}
