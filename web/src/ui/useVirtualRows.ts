// Which rows of a long list are in sight, where all are of the same height: only those are put into the page.
import { useCallback, useEffect, useState, type RefObject } from 'react'

/** Rows beyond the edges that are there already when one scrolls. */
const OVERSCAN = 12

type Options = { count: number; height: number; scroller: RefObject<HTMLElement | null> }

export type VirtualRows = {
  /** The first row in the page, and the one behind the last. */
  from: number
  to: number
  /** Height of all rows together, in pixels. */
  total: number
  /** How far it is scrolled, in pixels; on the grid of rows. */
  scrolled: number
  show: (index: number) => void
}

export function useVirtualRows({ count, height, scroller }: Options): VirtualRows {
  const [view, setView] = useState({ row: 0, rows: 40 })
  useEffect(() => {
    const element = scroller.current
    if (!element) return
    const look = () => {
      const row = Math.floor(element.scrollTop / height)
      const rows = Math.ceil(element.clientHeight / height)
      setView((before) => (before.row === row && before.rows === rows ? before : { row, rows }))
    }
    look()
    element.addEventListener('scroll', look, { passive: true })
    const observer = new ResizeObserver(look)
    observer.observe(element)
    return () => {
      element.removeEventListener('scroll', look)
      observer.disconnect()
    }
  }, [scroller, height])

  const show = useCallback(
    (index: number) => {
      const element = scroller.current
      if (!element) return
      const top = index * height
      // A row that is half hidden, also below a heading that sticks, is shown whole.
      if (top < element.scrollTop) element.scrollTop = top
      else if (top + 2 * height > element.scrollTop + element.clientHeight) {
        element.scrollTop = top + 2 * height - element.clientHeight
      }
    },
    [scroller, height],
  )
  // A list that became shorter is looked at where it ends.
  const row = Math.max(Math.min(view.row, count - 1), 0)
  return {
    from: Math.max(row - OVERSCAN, 0),
    to: Math.min(row + view.rows + OVERSCAN, count),
    total: count * height,
    scrolled: view.row * height,
    show,
  }
}
