import { usage } from "./refusal.ts"

/** How many, as `--NAME` says it: from 1 to `most`. */
export function countFlag(
  name: string,
  given: string | undefined,
  { otherwise = 100, most = 1000 } = {},
): number {
  if (given === undefined) return otherwise
  const count = /^\d{1,4}$/.test(given) ? Number(given) : 0
  if (count < 1 || count > most) throw usage(`--${name} is “${given}”: give a number from 1 to ${most}.`)
  return count
}
