// What the caller may do. Buttons, links, menu entries and shortcuts say which scope they need (`needs`), and are not there for
// who has less; `crates/hookyard-api/src/endpoints.rs` is what decides.
import { createContext, useContext } from 'react'
import type { Scope } from './types'

const SCOPES: Scope[] = ['read', 'operate', 'admin']

/** The scope of whoever looks. Before that is known nothing is kept back: the gateway refuses what it has to. */
export const ScopeContext = createContext<Scope>('admin')

/** Whether what is written in a form goes nowhere, for what a disabled `fieldset` does not reach. */
export const LockedContext = createContext(false)

/** Whether the caller has at least this scope; without one everybody may. */
export function useMay(): (needs: Scope | undefined) => boolean {
  const scope = useContext(ScopeContext)
  return (needs) => needs === undefined || SCOPES.indexOf(needs) <= SCOPES.indexOf(scope)
}
