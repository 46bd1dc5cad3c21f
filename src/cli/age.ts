import { usage } from "./refusal.ts"

const UNITS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/** The value of a flag such as `30d`, in ms. */
export function ageOf(flag: string, given: string): number {
  const [, count, unit] = /^(\d{1,5})([mhdw])$/.exec(given) ?? []
  if (count === undefined || unit === undefined)
    throw usage(`${flag} is “${given}”: give a number and m, h, d or w, such as 30d.`)
  return Number(count) * UNITS[unit as keyof typeof UNITS]
}
