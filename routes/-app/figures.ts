/** Numbers, times and paths as a person reads them. */

/** `950`, `1.2k`, `34k`, `1.8M`. */
export function shortCount(count: number): string {
  if (count < 1_000) return String(count)
  if (count < 9_950) return `${(count / 1_000).toFixed(1)}k`
  if (count < 999_500) return `${Math.round(count / 1_000)}k`
  return `${(count / 1_000_000).toFixed(1)}M`
}

/** `8 s`, `12 min`, `3 h`, `5 d`. Never negative: clocks of two machines differ. */
export function shortSpan(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`
}

/** The home directory as `~`; of a long path only its last two names. */
export function shortPath(path: string, longest = 32): string {
  const homely = path.replace(/^(\/home\/[^/]+|\/Users\/[^/]+|\/root)(?=\/|$)/, "~")
  if (homely.length <= longest) return homely
  return `…/${homely.split("/").slice(-2).join("/")}`
}

/** A line of Markdown without its marks, for places that show one line. */
export const withoutMarks = (line: string): string =>
  line
    .replace(/^\s*(?:#{1,6}|[-*+>]|\d+\.)\s+/, "")
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/\*\*|__|`+/g, "")

export const costText = (usd: number): string => (usd < 0.01 ? "<$0.01" : `$${usd.toFixed(2)}`)

// To make one takes far longer than to use it, and each row of a transcript has a time.
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" })

export const clockTime = (at: string): string => {
  const time = new Date(at)
  return Number.isNaN(time.getTime()) ? "" : CLOCK.format(time)
}

/** `1 message`, `3 messages`. */
export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`
