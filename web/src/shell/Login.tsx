// The login: a key, nothing else. The gateway answers with a cookie that scripts cannot read.
import { useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { post } from '@/api/client'
import { describe } from '@/api/problem'
import * as queries from '@/api/queries'
import { Button } from '@/ui/Button'
import { Field, Input } from '@/ui/Field'
import { Mark } from '@/ui/Icon'
import { useTitle } from '@/ui/Page'
import styles from './Login.module.css'

export function Login() {
  useTitle('Log in')
  const client = useQueryClient()
  const [key, setKey] = useState('')
  const [error, setError] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setError(null)
    try {
      await post('/session', { key: key.trim() })
      await client.resetQueries()
      await client.fetchQuery({ ...queries.session, staleTime: 0 })
    } catch (problem) {
      setError(describe(problem))
    } finally {
      setBusy(false)
    }
  }
  return (
    <main className={styles.page}>
      <form className={styles.form} onSubmit={(event) => void submit(event)}>
        <div className={styles.mark}>
          <Mark size={40} />
        </div>
        <h1 className={styles.title}>Log in to Hookyard</h1>
        <Field
          label="Key"
          error={error}
          help="The admin key of the configuration, or an API key (hky_…) that somebody made for you in Settings."
        >
          {(control) => (
            <Input
              {...control}
              mono
              type="password"
              name="key"
              autoComplete="current-password"
              required
              value={key}
              onChange={(event) => setKey(event.target.value)}
              // It is all there is to do here.
              // eslint-disable-next-line jsx-a11y/no-autofocus
              autoFocus
            />
          )}
        </Field>
        <Button look="primary" type="submit" busy={busy} disabled={key.trim() === ''}>
          Log in
        </Button>
      </form>
    </main>
  )
}
