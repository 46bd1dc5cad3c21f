/**
 * Reads a stream from an offset to its end and then live, for ever: a lost connection is opened again at the last
 * offset that was handed over, so nothing is skipped. What arrives twice is dropped by the fold.
 */

export interface FollowOptions {
  readonly url: () => string
  readonly headers?: Readonly<Record<string, string>>
  readonly offset: string
  readonly signal: AbortSignal
  readonly fetch?: typeof fetch
  readonly onState?: (state: FollowState) => void
}

export type FollowState =
  | { readonly state: "connecting" }
  | { readonly state: "live" }
  | { readonly state: "reconnecting"; readonly inMs: number; readonly status: number | null }

export interface Batch {
  readonly items: unknown[]
  readonly offset: string
  readonly upToDate: boolean
}

// The server ends an idle long poll after 30 s or less; a connection that is silent for longer is a dead one.
const SILENCE_MS = 60_000
const FIRST_DELAY_MS = 250
const LONGEST_DELAY_MS = 8_000

export async function* follow(options: FollowOptions): AsyncGenerator<Batch> {
  const { url, headers = {}, signal, fetch = globalThis.fetch, onState } = options
  let { offset } = options
  let cursor: string | null = null
  let live = false
  let failures = 0
  onState?.({ state: "connecting" })
  while (!signal.aborted) {
    let batch: Batch
    try {
      const target = new URL(url())
      target.searchParams.set("offset", offset)
      if (live) target.searchParams.set("live", "long-poll")
      if (live && cursor !== null) target.searchParams.set("cursor", cursor)
      const response = await fetch(target, {
        headers,
        signal: AbortSignal.any([signal, AbortSignal.timeout(SILENCE_MS)]),
      })
      if (!response.ok) throw new Unanswered(response.status)
      const items = response.status === 204 ? [] : ((await response.json()) as unknown[])
      const next = response.headers.get("stream-next-offset") ?? offset
      const upToDate = response.status === 204 || response.headers.get("stream-up-to-date") === "true"
      // A closed stream answers a long poll at once.
      if (live && response.headers.has("stream-closed")) await sleep(1_000, signal)
      cursor = response.headers.get("stream-cursor")
      offset = next
      batch = { items, offset, upToDate }
    } catch (error) {
      if (signal.aborted) return
      const inMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** failures) * (0.75 + Math.random() / 2)
      failures = Math.min(failures + 1, 10)
      live = false
      onState?.({ state: "reconnecting", inMs, status: error instanceof Unanswered ? error.status : null })
      await sleep(inMs, signal)
      continue
    }
    failures = 0
    if (batch.upToDate && !live) onState?.({ state: "live" })
    live = batch.upToDate
    yield batch
  }
}

class Unanswered extends Error {
  readonly status: number
  constructor(status: number) {
    super(`the stream answered ${status}`)
    this.status = status
  }
}

const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(done, ms)
    function done() {
      clearTimeout(timer)
      signal.removeEventListener("abort", done)
      resolve()
    }
    signal.addEventListener("abort", done)
  })
