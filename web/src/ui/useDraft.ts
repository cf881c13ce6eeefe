// What is being written over something that is stored. Until somebody writes it follows what is stored; from then on it stays,
// whatever others change, and it is known what it began from.
import { useMemo, useState } from 'react'

type Written<T, D> = { seen: T; draft: D }

/** `from` is a function of a module: the same one each time. */
export function useDraft<T, D>(stored: T, from: (stored: T) => D) {
  const [written, setWritten] = useState<Written<T, D> | null>(null)
  const [drops, setDrops] = useState(0)
  const fresh = useMemo(() => from(stored), [from, stored])
  const seen = written?.seen ?? stored
  return {
    /** What the draft began from. */
    seen,
    draft: written?.draft ?? fresh,
    touched: written !== null,
    write: (draft: D) => setWritten({ seen, draft }),
    /** Back to what is stored. */
    drop: () => {
      setWritten(null)
      setDrops(drops + 1)
    },
    /** Another one where the form begins anew: fields that keep what is being typed have to as well. */
    beginning: drops,
  }
}
