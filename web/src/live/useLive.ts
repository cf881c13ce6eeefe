// What happens now, as it happens: the gateway's stream of requests, events and attempts. Messages are gathered and given to
// the page a few times a second, and no more than a few hundred are kept, so that a flood costs the page little more than a
// trickle.
import { useEffect, useRef, useState } from 'react'
import { unauthorized, url, type Query } from '@/api/client'
import type { Attempt, EventRow, RequestRow } from '@/api/types'

export type LiveMessage =
  { type: 'request'; row: RequestRow } | { type: 'event'; row: EventRow } | { type: 'attempt'; row: Attempt }

type Types = LiveMessage['type']

/** At most so many rows are kept for a page. */
export const ROWS_MAX = 300
/** A tab in the background gets no frames; beyond this the oldest that wait are let go. */
const WAITING_MAX = 2_000

/** Between two times that the page is drawn anew; the first message after a silence does not wait for it. */
const FLUSH_MS = 150
/** After how long a stream that the gateway refused is asked for again. */
const RETRY_MS = 3_000

export type LiveStatus = 'off' | 'connecting' | 'live' | 'interrupted'

type Options = {
  on: boolean
  types: Types[]
  /** `source_id`, `connection_id`, `destination_id`, `request_id`. */
  filters?: Query
  /** Called a few times a second at most, with what came since, oldest first. */
  onMessages: (messages: LiveMessage[]) => void
  /** Something was missed: what is shown has to be read anew. */
  onGap: () => void
}

/** Listens while `on`; reconnects by itself, from where it was. */
export function useLive({ on, types, filters, onMessages, onGap }: Options): LiveStatus {
  const [status, setStatus] = useState<LiveStatus>('off')
  const handlers = useRef({ onMessages, onGap })
  useEffect(() => {
    handlers.current = { onMessages, onGap }
  })
  const address = url('/live', { ...filters, types: types.join(',') })

  useEffect(() => {
    if (!on) {
      setStatus('off')
      return
    }
    setStatus('connecting')
    const batch = new Batch(
      (messages) => handlers.current.onMessages(messages),
      () => handlers.current.onGap(),
    )
    let stream: EventSource
    let cursor = ''
    let retry = 0
    const open = () => {
      const resume = cursor ? `${address.includes('?') ? '&' : '?'}after=${encodeURIComponent(cursor)}` : ''
      stream = new EventSource(address + resume)
      for (const type of ['request', 'event', 'attempt'] as const) {
        stream.addEventListener(type, (message: MessageEvent<string>) => {
          cursor = message.lastEventId
          batch.add(type, message.data)
        })
      }
      stream.addEventListener('gap', () => batch.miss())
      // Whoever listens may not any more. Where that turns out to be about this stream alone, it is asked for again.
      stream.addEventListener('end', () => {
        stream.close()
        setStatus('interrupted')
        unauthorized.dispatchEvent(new Event('unauthorized'))
        retry = window.setTimeout(open, RETRY_MS)
      })
      stream.onopen = () => {
        setStatus('live')
        // What happened between reading and listening is in neither.
        if (!cursor) batch.miss()
      }
      stream.onerror = () => {
        setStatus('interrupted')
        // An answer other than 200 ends an EventSource; only lost connections are made again by the browser.
        if (stream.readyState === EventSource.CLOSED) retry = window.setTimeout(open, RETRY_MS)
      }
    }
    open()
    return () => {
      stream.close()
      batch.end()
      clearTimeout(retry)
    }
  }, [on, address])
  return status
}

/** Messages that wait for the page to be drawn. */
class Batch {
  /** As they came: what is let go is never parsed. */
  private waiting: { type: Types; data: string }[] = []
  private missed = false
  private timer = 0
  private frame = 0
  private flushedAt = 0

  constructor(
    private readonly deliver: (messages: LiveMessage[]) => void,
    private readonly gap: () => void,
  ) {}

  add(type: Types, data: string) {
    this.waiting.push({ type, data })
    if (this.waiting.length > WAITING_MAX) {
      this.waiting = this.waiting.slice(-ROWS_MAX)
      this.missed = true
    }
    this.schedule()
  }

  miss() {
    this.missed = true
    this.schedule()
  }

  end() {
    clearTimeout(this.timer)
    cancelAnimationFrame(this.frame)
  }

  private schedule() {
    if (this.timer !== 0) return
    const wait = Math.max(this.flushedAt + FLUSH_MS - performance.now(), 0)
    this.timer = window.setTimeout(() => {
      this.frame = requestAnimationFrame(() => this.flush())
    }, wait)
  }

  private flush() {
    const messages = this.waiting
    const missed = this.missed
    this.waiting = []
    this.missed = false
    this.timer = 0
    if (missed) this.gap()
    if (messages.length > 0) {
      this.deliver(messages.map(({ type, data }) => ({ type, row: JSON.parse(data) }) as LiveMessage))
    }
    this.flushedAt = performance.now()
  }
}
