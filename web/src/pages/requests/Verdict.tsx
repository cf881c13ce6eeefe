// What is known about a request's origin, and where it was turned away, why and what helps.
import { useQuery } from '@tanstack/react-query'
import * as queries from '@/api/queries'
import type { RequestDetail } from '@/api/types'
import { words } from '@/ui/format'
import { Note } from '@/ui/States'

export function Verdict({ request, provider }: { request: RequestDetail; provider: string | undefined }) {
  const { data: providers } = useQuery(queries.providers)
  const known = providers?.find((item) => item.name === provider)
  const of = provider && provider !== 'none' ? (known?.title ?? provider) : null
  if (request.status === 'handshake') {
    return (
      <Note tone="green" title={`Handshake: ${words(request.detail ?? 'answered')}`}>
        {of ?? 'The provider'} asked whether somebody listens here. It was answered, and nothing is routed.
      </Note>
    )
  }
  if (request.status === 'pending' || request.verification === 'pending') {
    return (
      <Note tone="amber" title="Waits to be verified">
        It is stored and acknowledged. The key that verifies it is being fetched from {of ?? 'the provider'}.
      </Note>
    )
  }
  if (request.status === 'rejected') {
    const diagnosis = request.diagnosis
    return (
      <Note tone="red" title={`Rejected: ${words(request.cause ?? 'unknown cause')}`}>
        {diagnosis ? (
          <>
            <p>
              {capital(diagnosis.reason)} <span>(check: {words(diagnosis.check)})</span>
            </p>
            {diagnosis.suggestion && <p>→ {capital(diagnosis.suggestion)}</p>}
          </>
        ) : (
          <p>{request.detail ? capital(request.detail) : 'It was not routed.'}</p>
        )}
        {request.late && <p>Its sender had been answered 2xx before that was known.</p>}
      </Note>
    )
  }
  if (request.verification === 'verified') {
    return <Note tone="green" title={`Verified: signed by ${of ?? 'its provider'}`} />
  }
  return (
    <Note tone="blue" title="Not verified">
      Its source has no provider, so whoever knows the URL can send to it.
    </Note>
  )
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
