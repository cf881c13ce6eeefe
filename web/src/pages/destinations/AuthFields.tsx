// How the destination is told that it is us, besides the signature that is always there.
import type { Errors } from '@/api/problem'
import type { Destination } from '@/api/types'
import { Field, Input, Select, TextArea } from '@/ui/Field'
import { AUTH, type AuthKind } from './auth'
import styles from './DestinationForm.module.css'
import type { AuthDraft } from './draft'

type Props = {
  value: AuthDraft
  onChange: (auth: AuthDraft) => void
  stored: Destination | null
  errors: Errors
}

export function AuthFields({ value, onChange, stored, errors }: Props) {
  const kind = value.kind === 'none' ? null : AUTH[value.kind]
  const same = stored?.auth?.kind === value.kind
  const set = (name: string, text: string) =>
    onChange({ ...value, settings: { ...value.settings, [name]: text } })
  return (
    <fieldset className={styles.part}>
      <legend className={styles.legend}>Authentication</legend>
      <Field
        label="Kind"
        help={kind?.meaning ?? 'Every delivery is signed after Standard Webhooks, also without any.'}
        error={errors.auth}
      >
        {(control) => (
          <Select
            {...control}
            value={value.kind}
            onChange={(event) => onChange({ kind: event.target.value as AuthKind | 'none', settings: {} })}
          >
            <option value="none">None besides the signature</option>
            {Object.entries(AUTH).map(([name, { name: title }]) => (
              <option key={name} value={name}>
                {title}
              </option>
            ))}
          </Select>
        )}
      </Field>
      {kind && (
        <div className={styles.grid2}>
          {kind.settings.map((setting) => (
            <Field
              key={setting.name}
              label={setting.label}
              optional={!setting.required}
              help={setting.help}
              error={errors[`auth.${setting.name}`]}
            >
              {(control) => {
                const text = value.settings[setting.name] ?? ''
                const hint = setting.secret && same ? 'stored, and not shown' : (setting.default ?? '')
                if (setting.values) {
                  return (
                    <Select
                      {...control}
                      value={text || setting.default}
                      onChange={(event) => set(setting.name, event.target.value)}
                    >
                      {setting.values.map((word) => (
                        <option key={word}>{word}</option>
                      ))}
                    </Select>
                  )
                }
                if (setting.long) {
                  return (
                    <TextArea
                      {...control}
                      rows={4}
                      value={text}
                      placeholder={hint || '-----BEGIN …'}
                      onChange={(event) => set(setting.name, event.target.value)}
                    />
                  )
                }
                return (
                  <Input
                    {...control}
                    mono
                    type={setting.secret ? 'password' : 'text'}
                    autoComplete={setting.secret ? 'new-password' : 'off'}
                    value={text}
                    placeholder={hint}
                    onChange={(event) => set(setting.name, event.target.value)}
                  />
                )
              }}
            </Field>
          ))}
        </div>
      )}
    </fieldset>
  )
}
