// What the API answers where something went wrong (RFC 9457), as an error that can be thrown, caught and shown.

/** An answer of the API that is no success, or no answer at all. `detail` is meant for people and says what to do. */
export class Problem extends Error {
  constructor(
    /** HTTP status; 0 where there was no answer. */
    readonly status: number,
    /** Stable, for programs: `name_taken`, `unreachable`, … */
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    /** The field or parameter that it is about, where it is about one. */
    readonly field: string | null,
  ) {
    super(detail || title)
    this.name = 'Problem'
  }

  static unreachable(): Problem {
    return new Problem(
      0,
      'unreachable',
      'Hookyard does not answer',
      'The gateway cannot be reached. It may be restarting; this page tries again by itself.',
      null,
    )
  }

  static fromBody(status: number, body: unknown): Problem {
    const from = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
    const text = (key: string) => (typeof from[key] === 'string' ? from[key] : '')
    return new Problem(
      status,
      text('code') || `status_${status}`,
      text('title') || `The gateway answered ${status}`,
      text('detail'),
      text('field') || null,
    )
  }
}

/** Whatever was thrown, as a sentence for a person. */
export function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

export function isCode(error: unknown, code: string): error is Problem {
  return error instanceof Problem && error.code === code
}

/** What is wrong with a form, by field; under no name where it is about none of its fields. */
export type Errors = Record<string, string>

export function errorsOf(error: unknown): Errors {
  return { [(error instanceof Problem && error.field) || '']: describe(error) }
}

/** What is wrong with a field, or with a part of it: `secrets` has what is wrong with `secrets[1]`. */
export function errorAt(errors: Errors, field: string): string | undefined {
  const found = Object.keys(errors).find(
    (name) => name === field || name.startsWith(`${field}.`) || name.startsWith(`${field}[`),
  )
  return found === undefined ? undefined : errors[found]
}

/** What is wrong and stands at none of the form's fields, so that nothing is left unsaid. */
export function errorElsewhere(errors: Errors, fields: string[]): string | undefined {
  return fields.some((field) => errorAt(errors, field)) ? undefined : Object.values(errors)[0]
}
