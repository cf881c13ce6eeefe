// Fields of a request, as JSON pointers, with those of the sample as suggestions.
import { IconButton, Button } from '@/ui/Button'
import { Input } from '@/ui/Field'
import styles from './RuleEditor.module.css'

/** The gateway takes no more. */
const FIELDS_MAX = 16

type Props = {
  label: string
  help?: string
  value: string[]
  onChange: (value: string[]) => void
  pointers: string[]
}

export function Pointers({ label, help, value, onChange }: Props) {
  return (
    <fieldset className={styles.fieldset}>
      <legend className={styles.legend}>{label}</legend>
      <div className={styles.pointers}>
        {value.map((pointer, at) => (
          <div key={at} className={styles.pointer}>
            <Input
              mono
              list="pointers"
              aria-label={`Field ${at + 1}`}
              placeholder="/body/order/id"
              value={pointer}
              onChange={(event) =>
                onChange(value.map((other, index) => (index === at ? event.target.value : other)))
              }
            />
            <IconButton
              icon="close"
              label={`Take field ${at + 1} away`}
              onClick={() => onChange(value.filter((_, index) => index !== at))}
            />
          </div>
        ))}
        {value.length < FIELDS_MAX && (
          <div>
            <Button small look="quiet" icon="plus" onClick={() => onChange([...value, ''])}>
              Add a field
            </Button>
          </div>
        )}
        {help && <p className={styles.help}>{help}</p>}
      </div>
    </fieldset>
  )
}
