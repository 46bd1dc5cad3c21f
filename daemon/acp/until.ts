/** When a limit is lifted, read from the words of an error. Pure: the time it is told at is an argument. */

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** Who says longer than this says it by mistake. */
const LONGEST = 35 * DAY
/** An error that matters says so at its beginning. */
const WORDS_LENGTH = 4_000

const UNITS: Readonly<Record<string, number>> = { d: DAY, h: HOUR, m: MINUTE, s: SECOND }

/** ISO time, in the future; `null` where the text names none. */
export function untilOf(text: string, now: number): string | null {
  const words = text.slice(0, WORDS_LENGTH)
  const found = epochIn(words) ?? isoIn(words) ?? spanIn(words, now) ?? clockIn(words, now)
  return found !== null && found > now && found - now <= LONGEST ? new Date(found).toISOString() : null
}

/** A `Retry-After`: seconds, or a date. */
export function secondsOf(header: string, now: number): number | null {
  if (header.trim() === "") return null
  const seconds = Number(header)
  const span = Number.isFinite(seconds) ? seconds : (Date.parse(header) - now) / SECOND
  return span >= 0 && span * SECOND <= LONGEST ? span : null
}

/** `…|1749924000`, as some versions of Claude Code put it. */
function epochIn(text: string): number | null {
  const [, seconds] = /\|(\d{10})\b/.exec(text) ?? []
  return seconds === undefined ? null : Number(seconds) * SECOND
}

function isoIn(text: string): number | null {
  const [date] = /\b\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)/.exec(text) ?? []
  return date === undefined ? null : Date.parse(date)
}

/** `in 3 days 4 hours 5 minutes`, `after 30 seconds`, `in 1h5m`, `in 1.5s`. */
function spanIn(text: string, now: number): number | null {
  const part = String.raw`\d+(?:\.\d+)?\s*(?:d|h|m(?!o)|s)[a-z]*`
  const [, spans] =
    new RegExp(String.raw`\b(?:in|after|for)\s+((?:${part}[\s,]*(?:and\s+)?)+)`, "i").exec(text) ?? []
  if (spans === undefined) return null
  let span = 0
  for (const [, amount, unit = ""] of spans.matchAll(/(\d+(?:\.\d+)?)\s*(ms|milli|[dhs]|m(?!o))/gi))
    span += Number(amount) * (/^m(s|illi)/i.test(unit) ? 1 : (UNITS[unit.toLowerCase()] ?? 0))
  return span === 0 ? null : now + span
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]

const CLOCK = new RegExp(
  String.raw`\b(?:at|resets?)\s+(?:at\s+|on\s+)?` +
    String.raw`(?:([A-Za-z]{3})[a-z]*\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(?:(\d{4})\s+)?(?:at\s+)?)?` +
    String.raw`(\d{1,2})(?::(\d\d))?\s*([ap]m)?\b(?:\s*\(([A-Za-z_]+(?:\/[A-Za-z_+-]+)*)\))?`,
  "i",
)

/** `at 3:28 PM`, `at Aug 8th, 2026 12:30 PM`, `resets 3pm (Europe/Berlin)`: the next such time, in that zone or here. */
function clockIn(text: string, now: number): number | null {
  const [, month, day, year, hours = "", minutes, half, zone] = CLOCK.exec(text) ?? []
  if (hours === "" || (minutes === undefined && half === undefined)) return null
  const hour = hourOf(Number(hours), half?.toLowerCase())
  if (hour === null) return null
  const today = wallOf(now, zone)
  const monthIndex = month === undefined ? today.month : MONTHS.indexOf(month.toLowerCase())
  if (monthIndex < 0) return null
  const wall = {
    year: year === undefined ? today.year : Number(year),
    month: monthIndex,
    day: day === undefined ? today.day : Number(day),
    hour,
    minute: Number(minutes ?? 0),
  }
  const time = timeOf(wall, zone)
  if (time > now || year !== undefined) return time
  return month === undefined
    ? timeOf({ ...wall, day: wall.day + 1 }, zone)
    : timeOf({ ...wall, year: wall.year + 1 }, zone)
}

function hourOf(hour: number, half: string | undefined): number | null {
  if (half === undefined) return hour <= 23 ? hour : null
  if (hour < 1 || hour > 12) return null
  return (hour % 12) + (half === "pm" ? 12 : 0)
}

interface Wall {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
}

/** What a clock shows at `time` in that zone; in our own where the zone is not known. */
function wallOf(time: number, zone: string | undefined): Wall {
  const parts = Object.fromEntries(
    formatOf(zone)
      .formatToParts(time)
      .map(({ type, value }) => [type, Number(value)]),
  )
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = parts
  return { year, month: month - 1, day, hour: hour % 24, minute }
}

function formatOf(zone: string | undefined): Intl.DateTimeFormat {
  const options = {
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    hourCycle: "h23",
  } as const
  try {
    return new Intl.DateTimeFormat("en-US", { ...options, ...(zone !== undefined && { timeZone: zone }) })
  } catch {
    // A zone that nobody knows: our own is the better guess.
    return new Intl.DateTimeFormat("en-US", options)
  }
}

/** The time at which a clock in that zone shows this. */
function timeOf({ year, month, day, hour, minute }: Wall, zone: string | undefined): number {
  const asUtc = Date.UTC(year, month, day, hour, minute)
  const shown = wallOf(asUtc, zone)
  return asUtc - (Date.UTC(shown.year, shown.month, shown.day, shown.hour, shown.minute) - asUtc)
}
