// Acknowledging and resolving issues.
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { post } from '@/api/client'
import type { Issue } from '@/api/types'
import { toast } from '@/ui/toast'

export function useIssueActions() {
  const client = useQueryClient()
  const [busy, setBusy] = useState<string | null>(null)
  const run = async (issue: Issue, what: 'acknowledge' | 'resolve') => {
    setBusy(issue.id)
    try {
      await post(`/issues/${issue.id}/${what}`)
      await client.invalidateQueries({ queryKey: ['issues'] })
      toast.good(
        what === 'acknowledge' ? 'Acknowledged' : 'Resolved',
        what === 'acknowledge' ? 'It is counted on, and no longer open.' : 'The next failure opens it again.',
      )
    } catch (error) {
      toast.problem(what === 'acknowledge' ? 'Not acknowledged' : 'Not resolved', error)
    } finally {
      setBusy(null)
    }
  }
  return { busy, run }
}
