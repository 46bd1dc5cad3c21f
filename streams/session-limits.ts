/** What a session may use. Pure: the words in which people give it, and the numbers that are kept. */
import { z } from "zod"

const DAY_MINUTES = 24 * 60

const bounds = {
  /** Of all its processes together, in MiB. */
  memoryMb: z.number().int().min(16).max(4_194_304),
  /** At once; threads count where the kernel counts. */
  processes: z.number().int().min(8).max(4_194_304),
  /** By how much its working directory and its own files may grow, in MiB. */
  diskMb: z.number().int().min(1).max(1_073_741_824),
  /** Of one turn. */
  minutes: z
    .number()
    .positive()
    .max(14 * DAY_MINUTES),
  /** Of the whole session, as far as the agent reports it. */
  costUsd: z.number().positive().max(1_000_000),
  /** Of the whole session, read and written, as far as the agent reports them. */
  tokens: z.number().int().positive().max(1e12),
}

/** What is absent is not limited. */
export const Limits = z.object(bounds).partial()
export type Limits = z.infer<typeof Limits>

/** Limits to set; `null` lifts one, what is absent stays. */
export const LimitChange = z.strictObject({
  memoryMb: bounds.memoryMb.nullish(),
  processes: bounds.processes.nullish(),
  diskMb: bounds.diskMb.nullish(),
  minutes: bounds.minutes.nullish(),
  costUsd: bounds.costUsd.nullish(),
  tokens: bounds.tokens.nullish(),
})
export type LimitChange = z.infer<typeof LimitChange>

export function changedLimits(limits: Limits, change: LimitChange): Limits {
  const all = Object.entries({ ...limits, ...change })
  return Limits.parse(Object.fromEntries(all.filter(([, value]) => value !== null && value !== undefined)))
}

/** What holds after a command to set it. */
export const limitsAfter = (
  before: Limits,
  { limits, change }: { readonly limits: Limits; readonly change?: LimitChange | undefined },
): Limits => (change ? changedLimits(before, change) : limits)

interface Word {
  readonly field: keyof Limits
  /** What a number without a letter counts, as a factor of the field's unit. */
  readonly units: Readonly<Record<string, number>>
  readonly example: string
}

const KIBI = 1024
const MEBIBYTES = { k: 1 / KIBI, m: 1, g: KIBI, t: KIBI * KIBI }
const COUNTS = { "": 1, k: 1e3, m: 1e6, g: 1e9 }

export const LIMIT_WORDS = {
  memory: { field: "memoryMb", units: MEBIBYTES, example: "2g" },
  processes: { field: "processes", units: { "": 1 }, example: "500" },
  disk: { field: "diskMb", units: MEBIBYTES, example: "10g" },
  minutes: { field: "minutes", units: { "": 1 }, example: "30" },
  cost: { field: "costUsd", units: { "": 1 }, example: "5" },
  tokens: { field: "tokens", units: COUNTS, example: "2m" },
} as const satisfies Readonly<Record<string, Word>>
export type LimitWord = keyof typeof LIMIT_WORDS

/** One value as a person writes it, in the unit of its field. `null` when it is none, or out of bounds. */
export function limitValue(word: LimitWord, text: string): number | null {
  const { field, units }: Word = LIMIT_WORDS[word]
  const [, digits, letter = ""] = /^(\d+(?:\.\d+)?)([a-z]?)$/i.exec(text.trim()) ?? []
  const factor = units[letter.toLowerCase()]
  if (digits === undefined || factor === undefined) return null
  const value = Number(digits) * factor
  return bounds[field].safeParse(value).success ? value : null
}

export type ReadLimits = { readonly change: LimitChange } | { readonly wrong: string }

const isWord = (text: string): text is LimitWord => Object.hasOwn(LIMIT_WORDS, text)

/** `memory=2g,minutes=30`; `none` lifts. What is wrong is said in a sentence. */
export function readLimits(text: string): ReadLimits {
  const change: { -readonly [Field in keyof LimitChange]: number | null } = {}
  for (const part of text.split(/[\s,]+/).filter(Boolean)) {
    const [, name = "", given = ""] = /^([^=]*)=(.*)$/.exec(part) ?? []
    if (!isWord(name))
      return {
        wrong: `“${part}” is no limit: it is NAME=VALUE with one of ${Object.keys(LIMIT_WORDS).join(", ")}`,
      }
    const { field, example } = LIMIT_WORDS[name]
    const value = given === "none" ? null : limitValue(name, given)
    if (value === null && given !== "none")
      return { wrong: `“${part}” is not usable: write for example ${name}=${example}, or ${name}=none` }
    change[field] = value
  }
  return Object.keys(change).length > 0
    ? { change }
    : { wrong: "no limit is named: write for example memory=2g,minutes=30" }
}

/** As it is written: `memory=2g minutes=30`. */
export const limitsInWords = (limits: Limits): string =>
  Object.entries(LIMIT_WORDS)
    .flatMap(([name, { field, units }]) => {
      const value = limits[field]
      return value === undefined ? [] : [`${name}=${inUnits(value, units)}`]
    })
    .join(" ")

function inUnits(value: number, units: Word["units"]): string {
  const [letter, factor] = Object.entries(units)
    .sort(([, a], [, b]) => b - a)
    .find(([, one]) => Number.isInteger(value / one)) ?? ["", 1]
  return `${value / factor}${letter}`
}
