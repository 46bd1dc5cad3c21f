/** One stream that is followed for as long as somebody watches. */
import { FollowRefused } from "#streams/follow"
import type { Batch } from "#streams/stream"
import type { LiveState, LiveStreams } from "./live-streams.ts"
import type { Connection } from "./protocol.ts"
import { Refusal } from "./refusal.ts"

interface TailOptions {
  /** Asked at each attempt: an archived session is told by another stream. */
  readonly stream: () => string
  readonly live: LiveStreams
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
const LONGEST_DELAY_MS = 5_000
/** No such place, no such stream, gone. */
const MOVED: ReadonlySet<number> = new Set([400, 404, 410])

export function openTail(options: TailOptions): Tail {
  const { progress, onConnection, now } = options
  const ended = new AbortController()
  let attempt = new AbortController()
  let offset: string | null = null
  let waiting = false
  let said = ""
  let failures = 0

  const say = (connection: Connection) => {
    waiting = connection.state === "reconnecting" || connection.state === "signed-out"
    const saying = JSON.stringify(connection)
    if (saying !== said) onConnection(connection)
    said = saying
  }
  const sayWaiting = (inMs: number, status: number | null) => {
    if (status === 401) say({ state: "signed-out" })
    // A session that was just made has no events yet.
    else if (status === 404) say({ state: "connecting" })
    else say({ state: "reconnecting", retryAt: now() + inMs, seq: progress().seq })
  }
  const onState = (state: LiveState) => {
    if (state.state === "away") sayWaiting(state.inMs, state.status)
    else if (progress().behind > 0) say({ state: "catching-up", behind: progress().behind })
  }
  const take = (batch: Batch) => {
    failures = 0
    offset = batch.offset
    options.take(batch)
    if (batch.upToDate) say({ state: "live", seq: progress().seq })
    else say({ state: "catching-up", behind: progress().behind })
  }

  /** Follows until the stream ends, is refused, or the attempt is given up. */
  const followOn = async (signal: AbortSignal) => {
    if (offset === null) {
      say({ state: "connecting" })
      offset = await options.open()
      if (offset === null) return ended.abort()
    }
    await options.live.follow({ stream: options.stream(), offset, signal, take, onState })
    if (!signal.aborted) ended.abort()
  }

  const run = async () => {
    while (!ended.signal.aborted) {
      attempt = new AbortController()
      const signal = AbortSignal.any([ended.signal, attempt.signal])
      try {
        await followOn(signal)
      } catch (error) {
        if (ended.signal.aborted) return
        const status = error instanceof FollowRefused ? error.status : statusOf(error)
        // The stream is another one now, or will be: its offsets mean something else.
        if (status !== null && MOVED.has(status)) offset = null
        const inMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** failures++)
        sayWaiting(inMs, status)
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

const statusOf = (error: unknown): number | null =>
  error instanceof Refusal && error.kind === "signed-out" ? 401 : null

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener("abort", () => {
      clearTimeout(timer)
      resolve()
    })
  })
