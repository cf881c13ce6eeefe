// An empty Hookyard gets its first source by itself, so that there is a working URL at once.
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { post } from '@/api/client'
import { isCode } from '@/api/problem'
import type { Source } from '@/api/types'

/** Once for all, also where two parts of the page, or React's strict mode, ask for it. */
let making: Promise<unknown> | null = null

/** What kept it from being made, where something did. It is left to those who may make sources. */
export function useFirstSource(sources: Source[] | undefined, may: boolean): unknown {
  const client = useQueryClient()
  const [failure, setFailure] = useState<unknown>(null)
  const isEmpty = sources?.length === 0 && may
  useEffect(() => {
    if (!isEmpty) return
    making ??= post<Source>('/sources', { name: 'inbox', provider: 'none' }).finally(() => (making = null))
    making
      .catch((error) => {
        // Somebody else was faster.
        if (!isCode(error, 'name_taken')) setFailure(error)
      })
      .finally(() => void client.invalidateQueries({ queryKey: ['sources'] }))
  }, [isEmpty, client])
  return failure
}
