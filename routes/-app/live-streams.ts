/**
 * Follows any number of streams over one live connection. When one is added or left, the connection is opened anew
 * with the offsets it has: nothing is lost, and the server keeps nothing about its readers. A connection that is
 * cut is opened again for ever.
 */
import { FollowRefused } from "#streams/follow"
import { type LiveEvent, liveQuery, MOST_STREAMS, parseLive, type Want } from "#streams/live"
import { deadline, serverSentEvents } from "#streams/sse"
import type { Batch } from "#streams/stream"
import { wait } from "#streams/transport"

export type LiveState =
  /** The connection is there; what was missed comes next. */
  | { readonly state: "open" }
  /** Away. It is opened again after that time; `status` is what was answered, if anything. */
  | { readonly state: "away"; readonly inMs: number; readonly status: number | null }

export interface LiveReader extends Want {
  readonly signal: AbortSignal
  readonly take: (batch: Batch) => void
  readonly onState: (state: LiveState) => void
}

export interface LiveStreams {
  /** Resolves when `signal` aborts or the stream is closed; throws {@link FollowRefused} where the stream is refused. */
  follow(reader: LiveReader): Promise<void>
}

interface Options {
  readonly origin: string
  readonly fetch?: typeof globalThis.fetch
}

/** Tabs that open at once, and streams that are told of the same cut, share one opening. */
const SETTLE_MS = 10
const FIRST_DELAY_MS = 250
const LONGEST_DELAY_MS = 1_500

export function openLiveStreams(options: Options): LiveStreams {
  const connections: Connection[] = []
  return {
    follow: (reader) => {
      let connection = connections.find(({ size }) => size() < MOST_STREAMS)
      if (!connection) {
        connection = openConnection(options)
        connections.push(connection)
      }
      return connection.follow(reader)
    },
  }
}

interface Connection extends LiveStreams {
  size(): number
}

interface Following extends LiveReader {
  offset: string
  settle(error?: FollowRefused): void
}

function openConnection({ origin, fetch = globalThis.fetch.bind(globalThis) }: Options): Connection {
  const following = new Map<string, Following>()
  let attempt = new AbortController()
  let failures = 0
  let running = false

  const sayAll = (state: LiveState) => {
    for (const { onState } of [...following.values()]) onState(state)
  }

  const hear = (event: LiveEvent) => {
    const reader = following.get(event.stream)
    if (!reader) return
    failures = 0
    switch (event.event) {
      case "batch":
        reader.offset = event.offset
        return reader.take(event)
      case "away":
        return reader.onState({ state: "away", inMs: event.inMs, status: null })
      case "refused":
        return reader.settle(new FollowRefused(event.status))
      case "ended":
        return reader.settle()
    }
  }

  /** Reads until the connection ends; throws how it failed. */
  const read = async (signal: AbortSignal) => {
    using dead = deadline(signal)
    const address = `${origin}/v1/live?${liveQuery([...following.values()])}`
    const response = await fetch(address, { signal: dead.signal, cache: "no-store" })
    if (!response.ok) {
      await response.body?.cancel()
      throw new FollowRefused(response.status)
    }
    dead.touch()
    sayAll({ state: "open" })
    for await (const frame of serverSentEvents(response, dead.touch)) {
      if (signal.aborted) return
      const event = parseLive(frame)
      if (event) hear(event)
    }
    throw new Error("the connection ended")
  }

  const run = async () => {
    running = true
    while (following.size > 0) {
      await wait(SETTLE_MS)
      if (following.size === 0) break
      attempt = new AbortController()
      const { signal } = attempt
      try {
        await read(signal)
      } catch (error) {
        if (signal.aborted) continue
        const inMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** failures++)
        sayAll({ state: "away", inMs, status: error instanceof FollowRefused ? error.status : null })
        // Whoever comes or goes meanwhile ends the waiting.
        await wait(inMs, signal).catch(() => undefined)
      }
    }
    running = false
    failures = 0
  }

  const changed = () => {
    attempt.abort()
    if (!running) void run()
  }

  const follow = (reader: LiveReader): Promise<void> =>
    new Promise((resolve, reject) => {
      const leave = () => settle()
      const settle = (error?: FollowRefused) => {
        reader.signal.removeEventListener("abort", leave)
        if (following.get(reader.stream) === entry) following.delete(reader.stream)
        // Where it is the server that has done with it, the others need no new connection.
        if (reader.signal.aborted || following.size === 0) changed()
        if (error) reject(error)
        else resolve()
      }
      const entry: Following = { ...reader, settle }
      if (reader.signal.aborted) return resolve()
      following.set(reader.stream, entry)
      reader.signal.addEventListener("abort", leave)
      changed()
    })

  return { follow, size: () => following.size }
}
