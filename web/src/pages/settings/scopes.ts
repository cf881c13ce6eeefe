// What keys may do, each a part of the next.
import type { Scope } from '@/api/types'
import type { Tone } from '@/ui/Signal'

export const SCOPES: Record<Scope, { tone: Tone; meaning: string }> = {
  read: { tone: 'grey', meaning: 'Sees everything but keys, settings and the audit log.' },
  operate: {
    tone: 'blue',
    meaning: 'Besides: retries, cancels, replays, pauses, works on issues, tries things out, pulls events.',
  },
  admin: { tone: 'violet', meaning: 'Everything: configuration, keys, settings, the audit log.' },
}
