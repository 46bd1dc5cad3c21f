/** Durations as people write them: `30s`, `1h30m`. */

const UNITS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 }

/** At least one part, the larger ones first. */
export const DURATION = /^(?=\d)(\d{1,5}d)?(\d{1,6}h)?(\d{1,6}m(?!s))?(\d{1,8}s)?(\d{1,9}ms)?$/

/** In milliseconds. Of what is no duration it is 0: schemas let nothing else through. */
export const durationMs = (text: string): number =>
  Array.from(text.matchAll(/(\d+)(ms|[dhms])/g)).reduce(
    (sum, [, digits, unit]) => sum + Number(digits) * UNITS[unit as keyof typeof UNITS],
    0,
  )
