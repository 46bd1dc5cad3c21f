/** One stream that is followed for as long as somebody watches. */
import { type Batch, type FollowState, follow } from "./follow.ts"
import type { Connection } from "./protocol.ts"

export interface TailOptions {
  readonly url: string
  readonly fetch: typeof fetch
  readonly now: () => number
  /** Finds the offset to follow from. Throws to be asked again later; `null` ends the tail for good. */
  readonly open: () => Promise<string | null>
  readonly take: (batch: Batch) => void
  /** How far the tail is behind, as far as that is known, and the newest `seq`. */
  readonly progress: () => { readonly behind: number; readonly seq: number | null }
  readonly onConnection: (connection: Connection) => void
}

export interface Tail {
  /** Stops waiting before the next attempt. */
  retry(): void
  close(): void
}

const FIRST_DELAY_MS = 250
const LONGEST_DELAY_MS = 8_000

export function openTail(options: TailOptions): Tail {
  const { progress, onConnection, now } = options
  const ended = new AbortController()
  let attempt = new AbortController()
  let offset: string | null = null
  let waiting = false
  let caughtUp = false

  const say = (connection: Connection) => {
    waiting = connection.state === "reconnecting" || connection.state === "signed-out"
    onConnection(connection)
  }
  const sayWaiting = (inMs: number, status: number | null) => {
    if (status === 401) say({ state: "signed-out" })
    // A session that was just made has no events yet.
    else if (status === 404) onConnection({ state: "connecting" })
    else say({ state: "reconnecting", retryAt: now() + inMs, seq: progress().seq })
  }
  const onState = (state: FollowState) => {
    if (state.state === "reconnecting") {
      caughtUp = false
      sayWaiting(state.inMs, state.status)
    }
  }

  const run = async () => {
    for (let failures = 0; !ended.signal.aborted; ) {
      attempt = new AbortController()
      const signal = AbortSignal.any([ended.signal, attempt.signal])
      try {
        if (offset === null) {
          onConnection({ state: "connecting" })
          offset = await options.open()
          if (offset === null) return
        }
        failures = 0
        const { url, fetch } = options
        for await (const batch of follow({ url: () => url, offset, signal, fetch, onState })) {
          offset = batch.offset
          options.take(batch)
          if (batch.upToDate) say({ state: "live", seq: progress().seq })
          else if (!caughtUp) say({ state: "catching-up", behind: progress().behind })
          caughtUp = batch.upToDate
        }
      } catch (error) {
        if (ended.signal.aborted) return
        const inMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** failures++)
        sayWaiting(inMs, (error as { kind?: string }).kind === "signed-out" ? 401 : null)
        await pause(inMs, signal)
      }
    }
  }
  void run()

  return {
    retry: () => {
      if (waiting) attempt.abort()
    },
    close: () => ended.abort(),
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener("abort", () => {
      clearTimeout(timer)
      resolve()
    })
  })
