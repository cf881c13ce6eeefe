// A secret for trying a provider out, of the form that the provider's have.
import type { ProviderDetail } from '@/api/types'

/** `null` where it cannot be made up, as it is the public half of a key whose other half signs. */
export function makeUp(provider: ProviderDetail): string | null {
  if (provider.secret?.public) return null
  const bytes = crypto.getRandomValues(new Uint8Array(24))
  const how = provider.schemes.map((scheme) => scheme.how).join(' ')
  const prefix = /behind `(\w+_)` in the secret/.exec(how)?.[1]
  if (prefix) return prefix + btoa(String.fromCharCode(...bytes))
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
