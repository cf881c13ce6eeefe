// Lines over time, as values of which some are missing.

/** Where there is a value and none beside it, so that no line leads there. */
export function alone(values: ArrayLike<number | null | undefined>): number[] {
  const known = (at: number) => values[at] !== null && values[at] !== undefined
  return Array.from(values, (_, at) => at).filter((at) => known(at) && !known(at - 1) && !known(at + 1))
}
