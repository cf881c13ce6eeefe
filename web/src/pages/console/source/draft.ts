// A source while it is being written, and how that becomes what the API takes.
import type { ProviderDetail, Source } from '@/api/types'

export type Draft = {
  name: string
  provider: string
  /** Those that are written anew; stored ones are never shown, and stay where none is written. */
  secrets: string[]
  settings: Record<string, string>
  token: string
  public_url: string
  methods: string
  /** `null` is the gateway's own. */
  answer: { status: string; content_type: string; body: string } | null
}

export const OWN_ANSWER: NonNullable<Draft['answer']> = { status: '200', content_type: '', body: '' }

export function draftFrom(source: Source | null): Draft {
  const answer = source?.answer
  return {
    name: source?.name ?? '',
    provider: source?.provider ?? 'none',
    secrets: [''],
    settings: { ...source?.settings },
    token: source?.token ?? '',
    public_url: source?.public_url ?? '',
    methods: source?.methods.join(', ') ?? '',
    answer: answer
      ? { status: String(answer.status), content_type: answer.content_type ?? '', body: answer.body }
      : null,
  }
}

/** All that is sent. Secrets of another provider are none of this one's. */
export function draftBody(
  draft: Draft,
  provider: ProviderDetail | undefined,
  before: Source | null,
): Record<string, unknown> {
  const same = before?.provider === draft.provider
  const secrets = draft.secrets.map((secret) => secret.trim()).filter(Boolean)
  const token = draft.token.trim()
  return {
    name: draft.name.trim(),
    provider: draft.provider,
    ...((secrets.length > 0 || !same) && { secrets }),
    settings: settingsBody(draft.settings, provider, same ? before : null, before),
    ...((before !== null || token !== '') && { token }),
    public_url: draft.public_url.trim() || null,
    methods: draft.methods
      .toUpperCase()
      .split(/[\s,]+/)
      .filter(Boolean),
    answer: draft.answer && {
      status: Number(draft.answer.status),
      content_type: draft.answer.content_type.trim() || null,
      body: draft.answer.body,
    },
  }
}

/** The settings that the provider has, and `null` for those that are to go. */
function settingsBody(
  texts: Record<string, string>,
  provider: ProviderDetail | undefined,
  same: Source | null,
  before: Source | null,
): Record<string, string | null> {
  const settings: Record<string, string | null> = {}
  for (const { name } of provider?.settings ?? []) {
    const text = texts[name]?.trim() ?? ''
    if (text !== '') settings[name] = text
    else if (same && name in same.settings) settings[name] = null
  }
  if (!same) for (const name of Object.keys(before?.settings ?? {})) settings[name] ??= null
  return settings
}
