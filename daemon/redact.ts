/**
 * Keeps secrets that the daemon knows out of everything it writes down: each value is replaced by a marker with its
 * name. Pure; a value that an agent prints in another form (encoded, or taken apart) is not recognised.
 */
export interface Redactor {
  /** The text with every secret replaced. */
  text(text: string): string
  /** The same for all strings in a value, at any depth, names of fields included. */
  value<Value>(value: Value): Value
  /**
   * For a text that comes in pieces: what can be told now, and the rest, which may be the beginning of a secret and
   * goes before the next piece.
   */
  piece(text: string): { readonly told: string; readonly held: string }
}

/** A shorter value is no secret worth the name, and would be found in innocent words. */
const SHORTEST = 8

/** Variables whose values are secrets. The rest are names, addresses and switches that a person wants to see. */
const SECRET_NAME = /KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTH/i
/** They are named like a secret and say where it is, or how much of something there may be. */
const NOT_SECRET = /_(?:FILE|PATH|DIR|URL|LIMIT|BUDGET|MAX)$|^MAX_/i

export const secretsIn = (environment: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      SECRET_NAME.test(name) && !NOT_SECRET.test(name) ? [[name, value]] : passwordIn(name, value),
    ),
  )

/** The password in an address like `https://user:password@host`. */
function passwordIn(name: string, value: string): [string, string][] {
  if (!URL.canParse(value)) return []
  const { password } = new URL(value)
  return password === "" ? [] : [[name, decodeURIComponent(password)]]
}

export function redactor(secrets: Readonly<Record<string, string>>): Redactor {
  // A value goes into JSON, or into a line of a log, in its escaped form as well.
  const known = Object.entries(secrets)
    .filter(([, value]) => value.length >= SHORTEST)
    .flatMap(([name, value]) =>
      [...new Set([value, JSON.stringify(value).slice(1, -1)])].map((form) => ({
        form,
        marker: `[redacted ${name}]`,
      })),
    )
    // The longest first, where one is a part of another.
    .sort((a, b) => b.form.length - a.form.length)
  const longest = known[0]?.form.length ?? 0

  const text = (given: string): string =>
    known.reduce(
      (told, { form, marker }) => (told.includes(form) ? told.replaceAll(form, marker) : told),
      given,
    )

  /** Where the longest end of the text begins that a secret may begin with. */
  function openEnd(given: string): number {
    for (let start = Math.max(0, given.length - longest + 1); start < given.length; start++)
      if (known.some(({ form }) => form.length > given.length - start && form.startsWith(given.slice(start))))
        return start
    return given.length
  }

  function value(given: unknown): unknown {
    if (typeof given === "string") return text(given)
    if (Array.isArray(given)) return given.map(value)
    if (typeof given !== "object" || given === null) return given
    return Object.fromEntries(Object.entries(given).map(([key, field]) => [text(key), value(field)]))
  }

  return {
    text,
    value: <Value>(given: Value) => (known.length === 0 ? given : (value(given) as Value)),
    piece(given) {
      if (known.length === 0) return { told: given, held: "" }
      const told = text(given)
      const end = openEnd(told)
      return { told: told.slice(0, end), held: told.slice(end) }
    },
  }
}

export const nothingToRedact = redactor({})
