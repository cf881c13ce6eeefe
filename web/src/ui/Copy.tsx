// Copying: a button that says that it was done, and a value that can be clicked.
import { useEffect, useState } from 'react'
import { Button, IconButton, type Look } from './Button'
import { toast } from './toast'

async function write(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    toast.error('Nothing was copied', 'This browser does not let the page use the clipboard.')
    return false
  }
}

function useCopy(text: string | (() => string)) {
  const [done, setDone] = useState(false)
  useEffect(() => {
    if (!done) return
    const timer = setTimeout(() => setDone(false), 1_600)
    return () => clearTimeout(timer)
  }, [done])
  const copy = async () => {
    if (await write(typeof text === 'string' ? text : text())) setDone(true)
  }
  return { done, copy }
}

type What = {
  /** What is copied. */
  text: string | (() => string)
  /** What it is: "Copy the URL". */
  label: string
}

export function CopyIcon({ text, label, small = true }: What & { small?: boolean }) {
  const { done, copy } = useCopy(text)
  return (
    <IconButton
      small={small}
      icon={done ? 'check' : 'copy'}
      label={done ? 'Copied' : label}
      onClick={() => void copy()}
    />
  )
}

export function CopyButton({ text, label, look, small }: What & { look?: Look; small?: boolean }) {
  const { done, copy } = useCopy(text)
  return (
    <Button
      {...(look && { look })}
      {...(small && { small })}
      icon={done ? 'check' : 'copy'}
      onClick={() => void copy()}
      aria-live="polite"
    >
      {done ? 'Copied' : label}
    </Button>
  )
}
