// One of some 330 providers.
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import * as queries from '@/api/queries'
import { Combobox } from '@/ui/Combobox'

type Props = {
  id?: string
  value: string | null
  onChange: (name: string) => void
  label?: string
  disabled?: boolean
}

export function ProviderPicker({ id, value, onChange, label = 'Provider', disabled }: Props) {
  const { data: providers } = useQuery(queries.providers)
  const choices = useMemo(() => {
    const plain = {
      value: 'none',
      label: 'No provider',
      words: 'none any',
      hint: 'takes everything, verifies nothing',
    }
    const others = (providers ?? [])
      .filter((provider) => provider.name !== 'none')
      .map((provider) => ({
        value: provider.name,
        label: provider.title,
        words: `${provider.name} ${provider.category} ${provider.kinds.join(' ')}`,
        hint: provider.kinds[0] ?? '',
      }))
      .sort((a, b) => a.label.localeCompare(b.label, 'en', { sensitivity: 'base' }))
    return [plain, ...others]
  }, [providers])
  return (
    <Combobox
      {...(id && { id })}
      label={label}
      choices={choices}
      value={value}
      onChange={onChange}
      placeholder={`Search in ${choices.length - 1} providers`}
      disabled={disabled ?? false}
    />
  )
}
