/** Reads what comes after a place in a log, for a while: for those who ask again rather than stay connected. */

interface Placed<Event> {
  readonly event: Event
  readonly offset: string
}

export interface Collected<Event> {
  readonly events: readonly Event[]
  /** Where to go on; `null` where nothing came. */
  readonly offset: string | null
}

/** So long nothing comes, and what came is given. Of one batch everything comes in the same moment. */
const LULL_MS = 100

/**
 * Gives what came by the first lull, or nothing when the time is over. `most` is for batches: events that came with
 * one offset are given together, since who goes on from there does not see the rest of them.
 */
export async function collect<Event>(
  follow: (signal: AbortSignal) => AsyncIterable<Placed<Event>>,
  { ms, most, signal }: { readonly ms: number; readonly most: number; readonly signal: AbortSignal },
): Promise<Collected<Event>> {
  const enough = new AbortController()
  const events: Event[] = []
  let offset: string | null = null
  let lull: NodeJS.Timeout | undefined
  try {
    const until = AbortSignal.any([signal, enough.signal, AbortSignal.timeout(ms)])
    for await (const next of follow(until)) {
      if (events.length >= most && next.offset !== offset) break
      events.push(next.event)
      offset = next.offset
      clearTimeout(lull)
      lull = setTimeout(() => enough.abort(), LULL_MS)
    }
  } finally {
    clearTimeout(lull)
  }
  return { events, offset }
}
