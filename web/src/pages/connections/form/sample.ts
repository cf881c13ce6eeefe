// A request that rules are tried on: one of the latest of the source, or one that was written by hand. It goes through the
// rules as an event would, as far as that can be known without storing one.
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { post } from '@/api/client'
import { useMay } from '@/api/may'
import { describe, isCode, Problem } from '@/api/problem'
import type { FilterRun, RequestDetail, Run } from '@/api/types'
import { condition, type DraftRule } from './draft'

export type Sample = {
  method: string
  path: string
  query: string
  headers: Record<string, string>
  body: string
  topic: string | null
}

/** A stored request as a sample; `null` where its body is no text or was not kept in full. */
export function sampleFrom(request: RequestDetail): Sample | null {
  if (request.body.text === undefined && request.body.size !== 0) return null
  if (request.body.truncated || request.target === null || request.method === null) return null
  const [whole = '', query = ''] = split(request.target, '?')
  const rest = whole.indexOf('/', 1)
  const headers: Record<string, string> = {}
  for (const [name, value] of request.headers) {
    if (typeof value !== 'string') continue
    const key = name.toLowerCase()
    headers[key] = headers[key] === undefined ? value : `${headers[key]}, ${value}`
  }
  return {
    method: request.method,
    path: rest === -1 ? '' : whole.slice(rest),
    query,
    headers,
    body: request.body.text ?? '',
    topic: request.topic,
  }
}

function split(text: string, at: string): [string, string] {
  const place = text.indexOf(at)
  return place === -1 ? [text, ''] : [text.slice(0, place), text.slice(place + 1)]
}

/** The values that rules look at: the body as JSON where it is, the headers, the query. */
export function valuesOf(sample: Sample): Record<string, unknown> {
  let body: unknown = sample.body
  try {
    body = JSON.parse(sample.body)
  } catch {
    // A form or XML: its values are the gateway's to tell.
  }
  return {
    body,
    headers: sample.headers,
    query: Object.fromEntries(new URLSearchParams(sample.query)),
    path: sample.path,
    topic: sample.topic,
    method: sample.method,
  }
}

/** The value behind a JSON pointer such as `/body/order/id`. */
export function at(values: unknown, pointer: string): unknown {
  let found: unknown = values
  for (const part of pointer.split('/').slice(1)) {
    if (typeof found !== 'object' || found === null) return undefined
    found = (found as Record<string, unknown>)[part.replaceAll('~1', '/').replaceAll('~0', '~')]
  }
  return found
}

export type Outcome =
  /** It goes on. */
  | { is: 'passes'; text: string }
  | { is: 'stops'; text: string }
  /** What becomes of it depends on other events, or the gateway does not say. */
  | { is: 'open'; text: string }
  | { is: 'ran'; run: Run; input: Sample }
  | { is: 'wrong'; text: string; line?: number }
  /** An earlier rule has ended it. */
  | { is: 'unreached' }

/** What each of the rules does with the sample, in their order. */
export function usePipeline(rules: DraftRule[], sample: Sample | null) {
  const settled = useSettled(rules, 350)
  const may = useMay()
  return useQuery({
    queryKey: ['tried', settled.map((rule) => ({ ...rule, key: '' })), sample],
    queryFn: ({ signal }) => (sample ? pass(settled, sample, signal) : []),
    enabled: sample !== null && settled.length > 0 && may('operate'),
    staleTime: Infinity,
    gcTime: 10_000,
    placeholderData: (before) => before,
  })
}

async function pass(rules: DraftRule[], first: Sample, signal: AbortSignal): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  let input: Sample | null = first
  for (const rule of rules) {
    if (signal.aborted || input === null) {
      outcomes.push({ is: 'unreached' })
      continue
    }
    const outcome: Outcome = await one(rule, input)
    outcomes.push(outcome)
    if (outcome.is === 'stops' || outcome.is === 'wrong') input = null
    else if (outcome.is === 'ran') input = outcome.run.request ? behind(input, outcome.run.request) : null
  }
  return outcomes
}

/** What a rule behind a transformation sees. */
function behind(input: Sample, made: NonNullable<Run['request']>): Sample {
  return {
    ...input,
    path: made.path,
    query: made.query,
    headers: Object.fromEntries(made.headers.map(([name, value]) => [name.toLowerCase(), value])),
    body: made.body ?? '',
  }
}

async function one(rule: DraftRule, input: Sample): Promise<Outcome> {
  switch (rule.type) {
    case 'filter':
      return filter(rule.text, input)
    case 'transform':
      return transform(rule, input)
    case 'deduplicate': {
      const fields = rule.fields.filter(Boolean)
      if (fields.length === 0) return { is: 'open', text: "Told apart by the provider's event id." }
      const values = valuesOf(input)
      const found = fields.filter((field) => at(values, field) !== undefined)
      return found.length === 0
        ? { is: 'passes', text: 'None of the fields is there, so it passes.' }
        : {
            is: 'open',
            text: `Passes unless an event came before with ${found
              .map((field) => `${field} = ${JSON.stringify(at(values, field))}`)
              .join(', ')}.`,
          }
    }
    case 'stale':
      return { is: 'open', text: 'Depends on when it happened, and on what was delivered before.' }
    case 'delay': {
      if (rule.by === 'for') return { is: 'passes', text: 'It waits, then goes on.' }
      const value = at(valuesOf(input), rule.until)
      return value === undefined
        ? { is: 'passes', text: `${rule.until || 'The field'} is not there, so it does not wait.` }
        : { is: 'passes', text: `It waits until ${JSON.stringify(value)}.` }
    }
  }
}

async function filter(text: string, input: Sample): Promise<Outcome> {
  const read = condition(text)
  if ('error' in read) return { is: 'wrong', text: read.error }
  const { topic, ...request } = input
  try {
    const run = await post<FilterRun>('/filters/run', { filter: read.ok, request, ...(topic && { topic }) })
    return run.passes
      ? { is: 'passes', text: 'It meets every condition.' }
      : { is: 'stops', text: run.why ?? 'It does not meet the condition.' }
  } catch (error) {
    if (error instanceof Problem && (error.status === 404 || error.status === 405))
      return { is: 'open', text: 'This gateway does not say what a filter does with a single request.' }
    return { is: 'wrong', text: describe(error).replace(/^`filter`: /, '') }
  }
}

async function transform(rule: Extract<DraftRule, { type: 'transform' }>, input: Sample): Promise<Outcome> {
  const env = Object.fromEntries(
    rule.env.filter(({ name }) => name).map(({ name, value }) => [name, value ?? '']),
  )
  const request = { ...input, topic: undefined }
  try {
    const run = await post<Run>('/transformations/run', { code: rule.code, request, env })
    return { is: 'ran', run, input }
  } catch (error) {
    const line = /line (\d+)/.exec(describe(error))
    return {
      is: 'wrong',
      text: describe(error).replace(/^`code`: /, ''),
      ...(isCode(error, 'invalid_field') && line && { line: Number(line[1]) }),
    }
  }
}

/** A value once it has not changed for a moment. */
function useSettled<T>(value: T, pause_ms: number): T {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), pause_ms)
    return () => clearTimeout(timer)
  }, [value, pause_ms])
  return settled
}
