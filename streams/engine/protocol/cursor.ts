/** Counted in steps since this moment, so that all readers of one step may share a cached answer. */
const SINCE = Date.UTC(2024, 9, 9)
const STEP_SECONDS = 20
const MOST_JITTER_SECONDS = 3600

/**
 * The cursor of an answer: the current step, or, when the client is already there, a later one by chance.
 * It is always above what the client sent, so no cache can keep a client in a circle.
 */
export function nextCursor(sent: string | null, now: number): string {
  const step = Math.floor((now - SINCE) / (STEP_SECONDS * 1000))
  const theirs = sent === null ? Number.NaN : Number.parseInt(sent, 10)
  if (Number.isNaN(theirs) || theirs < step) return String(step)
  return String(theirs + Math.ceil((1 + Math.random() * (MOST_JITTER_SECONDS - 1)) / STEP_SECONDS))
}
