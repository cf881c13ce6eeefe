// What was written and not saved is not lost by a click on another page: that is asked about first.
import { useBlocker } from '@tanstack/react-router'
import { useCallback, useRef } from 'react'

/** Answers a function that lets go, for after it was saved. */
export function useLeaveGuard(unsaved: boolean): () => void {
  const free = useRef(false)
  useBlocker({
    shouldBlockFn: ({ current, next }) => {
      if (!unsaved || free.current || current.pathname === next.pathname) return false
      return !window.confirm('Leave without saving? What was changed here is lost.')
    },
    enableBeforeUnload: () => unsaved && !free.current,
  })
  return useCallback(() => {
    free.current = true
  }, [])
}
