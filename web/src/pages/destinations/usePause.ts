// Pausing and resuming a destination.
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { change } from '@/api/change'
import type { Destination } from '@/api/types'
import { toast } from '@/ui/toast'

export function usePause() {
  const client = useQueryClient()
  const [busy, setBusy] = useState(false)
  const toggle = async (destination: Destination) => {
    const resume = destination.paused_at !== null
    setBusy(true)
    try {
      const outcome = await change('destinations', destination, { action: resume ? 'resume' : 'pause' })
      if (!outcome.made) return
      await client.invalidateQueries({ queryKey: ['destinations'] })
      toast.good(
        resume ? `${destination.name} is resumed` : `${destination.name} is paused`,
        resume ? 'What waits goes out, slowly at first.' : 'Events wait until somebody resumes it.',
      )
    } catch (error) {
      toast.problem(resume ? 'Still paused' : 'Not paused', error)
    } finally {
      setBusy(false)
    }
  }
  return { busy, toggle }
}
