// What a source's provider signs with, its settings, and what else is particular about the source.
import { useId } from 'react'
import { errorAt, type Errors } from '@/api/problem'
import type { ProviderDetail, Source } from '@/api/types'
import { Button, IconButton } from '@/ui/Button'
import { Field, Input, Select, Switch, TextArea } from '@/ui/Field'
import { OWN_ANSWER, type Draft } from './draft'
import { makeUp } from './secret'
import styles from './SourceDialog.module.css'

type SecretsProps = {
  provider: ProviderDetail
  /** The stored one, where it is of this provider. */
  source: Source | null
  value: string[]
  onChange: (value: string[]) => void
  error: string | undefined
}

export function Secrets({ provider, source, value, onChange, error }: SecretsProps) {
  if (!provider.secret && !provider.secrets_required) return null
  const called = provider.secret?.called ?? 'secret'
  const hints = source?.secrets.map((secret) => secret.hint).join(', ')
  const put = (at: number, text: string) =>
    onChange(value.map((other, index) => (index === at ? text : other)))
  return (
    <Field
      label={called.charAt(0).toUpperCase() + called.slice(1)}
      optional={!provider.secrets_required || Boolean(hints)}
      error={error}
      help={
        <>
          {hints && <>Stored: {hints}. Leave it empty to keep that; what is written replaces all of it. </>}
          {provider.secret?.found && <>Where it is: {provider.secret.found}. </>}
          {provider.docs && (
            <a className={styles.link} href={provider.docs} target="_blank" rel="noreferrer">
              {provider.title}’s documentation
            </a>
          )}
        </>
      }
    >
      {(control) => (
        <div className={styles.secrets}>
          {value.map((text, at) => (
            <Secret
              key={at}
              provider={provider}
              control={at === 0 ? control : { 'aria-label': `Another ${called}` }}
              value={text}
              onChange={(next) => put(at, next)}
              onRemove={at === 0 ? undefined : () => onChange(value.filter((_, index) => index !== at))}
            />
          ))}
          <div>
            <Button small look="quiet" icon="plus" onClick={() => onChange([...value, ''])}>
              Another one that is accepted too
            </Button>
          </div>
        </div>
      )}
    </Field>
  )
}

type SecretProps = {
  provider: ProviderDetail
  control: { id?: string; 'aria-label'?: string; 'aria-describedby'?: string; 'aria-invalid'?: true }
  value: string
  onChange: (value: string) => void
  onRemove: (() => void) | undefined
}

function Secret({ provider, control, value, onChange, onRemove }: SecretProps) {
  if (provider.secret?.public)
    return <TextArea {...control} value={value} onChange={(event) => onChange(event.target.value)} />
  return (
    <span className={styles.secret}>
      <Input {...control} mono value={value} onChange={(event) => onChange(event.target.value)} />
      {onRemove ? (
        <IconButton icon="close" label="Take it away" onClick={onRemove} />
      ) : (
        makeUp(provider) !== null && (
          <Button onClick={() => onChange(makeUp(provider) ?? '')}>Make one up</Button>
        )
      )}
    </span>
  )
}

type SettingProps = {
  setting: ProviderDetail['settings'][number]
  value: string
  onChange: (value: string) => void
  error: string | undefined
}

export function Setting({ setting, value, onChange, error }: SettingProps) {
  return (
    <Field
      label={<code>{setting.name}</code>}
      optional={!setting.required}
      help={setting.meaning}
      error={error}
    >
      {(control) =>
        setting.values.length > 0 ? (
          <Select {...control} value={value} onChange={(event) => onChange(event.target.value)}>
            <option value="">{setting.default ? `${setting.default} (default)` : 'none'}</option>
            {setting.values.map((option) => (
              <option key={option}>{option}</option>
            ))}
          </Select>
        ) : (
          <Input
            {...control}
            mono
            type={setting.secret ? 'password' : 'text'}
            required={setting.required && value === ''}
            placeholder={setting.default ?? undefined}
            value={value}
            onChange={(event) => onChange(event.target.value)}
          />
        )
      }
    </Field>
  )
}

type MoreProps = {
  draft: Draft
  set: (next: Partial<Draft>) => void
  errors: Errors
  stored: Source | null
}

/** What most sources leave as it is: the URL's own part, methods, the answer. */
export function More({ draft, set, errors, stored }: MoreProps) {
  const { answer } = draft
  const answerName = useId()
  return (
    <>
      <Field
        label="Token"
        optional={!stored}
        error={errorAt(errors, 'token')}
        help={
          stored
            ? 'The first part of the path of its URL. With another one the URL is another, and the old one is unknown at once.'
            : 'The first part of the path of its URL: letters, digits, - and _. Without one it is made at random.'
        }
      >
        {(control) => (
          <Input
            {...control}
            mono
            maxLength={128}
            required={stored !== null}
            placeholder="made at random"
            value={draft.token}
            onChange={(event) => set({ token: event.target.value })}
          />
        )}
      </Field>
      <Field
        label="Public URL"
        optional
        error={errorAt(errors, 'public_url')}
        help="The whole URL that the provider was given, where that is not the gateway's own with the token, as behind a proxy that changes paths. Some providers sign it."
      >
        {(control) => (
          <Input
            {...control}
            mono
            type="url"
            placeholder="https://www.example.com/webhooks/orders"
            value={draft.public_url}
            onChange={(event) => set({ public_url: event.target.value })}
          />
        )}
      </Field>
      <Field
        label="Methods"
        optional
        error={errorAt(errors, 'methods')}
        help="Those that it takes, with commas between them; any other is answered 405. With none it takes all."
      >
        {(control) => (
          <Input
            {...control}
            mono
            placeholder="all"
            value={draft.methods}
            onChange={(event) => set({ methods: event.target.value })}
          />
        )}
      </Field>
      <fieldset className={styles.answer} aria-labelledby={answerName}>
        <legend id={answerName} className="visually-hidden">
          Answer
        </legend>
        <Switch
          label="An answer of its own for accepted requests"
          checked={answer !== null}
          onChange={(on) => set({ answer: on ? OWN_ANSWER : null })}
        />
        {answer === null ? (
          <p className={styles.help}>
            They are answered 200 with the request’s id. Some providers want an exact answer.
          </p>
        ) : (
          <>
            <div className={styles.two}>
              <Field label="Status" error={errorAt(errors, 'answer.status')} help="200 to 299.">
                {(control) => (
                  <Input
                    {...control}
                    type="number"
                    min={200}
                    max={299}
                    required
                    value={answer.status}
                    onChange={(event) => set({ answer: { ...answer, status: event.target.value } })}
                  />
                )}
              </Field>
              <Field label="Content-Type" optional error={errorAt(errors, 'answer.content_type')}>
                {(control) => (
                  <Input
                    {...control}
                    mono
                    placeholder="none"
                    value={answer.content_type}
                    onChange={(event) => set({ answer: { ...answer, content_type: event.target.value } })}
                  />
                )}
              </Field>
            </div>
            <Field label="Body" optional error={errorAt(errors, 'answer.body')} help="At most 64 KiB.">
              {(control) => (
                <TextArea
                  {...control}
                  rows={3}
                  placeholder="empty"
                  value={answer.body}
                  onChange={(event) => set({ answer: { ...answer, body: event.target.value } })}
                />
              )}
            </Field>
          </>
        )}
      </fieldset>
    </>
  )
}
