/** Reads what an agent sent without believing a word of it: what is not of the expected shape is as if absent. */

export type Fields = Readonly<Record<string, unknown>>

export const fieldsOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {}

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

export const stringIn = (fields: Fields, name: string): string | undefined => {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined
  return typeof value === "string" ? value : undefined
}

/** A number that a counter can have. */
export const countIn = (fields: Fields, name: string): number | undefined => {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined
}

/** Goes down a path of names; what is not there is empty. */
export const under = (value: unknown, ...path: readonly string[]): Fields =>
  path.reduce((at, name) => fieldsOf(Object.hasOwn(at, name) ? at[name] : undefined), fieldsOf(value))
