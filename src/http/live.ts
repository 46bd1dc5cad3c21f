/**
 * `GET /v1/live?s=NAME@OFFSET&s=…`: follows many streams for one reader, over one connection. A browser opens at
 * most six to one origin, so a page that follows each stream by itself would soon have none left for its calls.
 * The set is in the address: who wants another one asks again, from the offsets it has.
 */
import { setMaxListeners } from "node:events"
import type { IncomingMessage, ServerResponse } from "node:http"
import { FollowRefused, type FollowState, follow } from "#streams/follow"
import { formatLive, type LiveEvent, MOST_STREAMS, type Want, wantOf } from "#streams/live"
import { isStreamName } from "#streams/paths"
import { addressOf, authorization } from "#streams/transport"
import { type Refusal, refuse } from "./answer.ts"
import { connectionLimit } from "./connection-limit.ts"
import type { Target } from "./door.ts"
import { NO_SUCH_STREAM, type StreamServer } from "./gateway.ts"

/** A reader that knows how long silence may last tells a dead connection from a quiet one. */
const BEAT_MS = 20_000
/** Who takes nothing for this long is disconnected; it comes again with the offsets it has. */
const STALL_MS = 30_000

interface Bounds {
  /** Streams that are followed at once, for all readers together: each takes a connection to the stream server. */
  readonly most?: number
  readonly stallMs?: number
}

export function liveStreams(
  streams: () => StreamServer,
  { most = Math.floor(connectionLimit() / 2), stallMs = STALL_MS }: Bounds = {},
) {
  let followed = 0
  return (request: IncomingMessage, response: ServerResponse, { search }: Target): void => {
    const wants = wantsOf(search)
    if ("reason" in wants || followed + wants.length > most) {
      refuse(response, "reason" in wants ? wants : FULL)
      return
    }
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" })
    if (request.method === "HEAD") {
      response.end()
      return
    }
    response.flushHeaders()
    const left = new AbortController()
    setMaxListeners(0, left.signal)
    const tell = teller(response, stallMs)
    const beat = setInterval(() => response.writableNeedDrain || response.write(":\n\n"), BEAT_MS)
    followed += wants.length
    response.once("close", () => {
      clearInterval(beat)
      left.abort()
      followed -= wants.length
    })
    for (const want of wants) void tellStream(streams, want, { tell, signal: left.signal })
  }
}

function wantsOf(search: string): readonly Want[] | Refusal {
  const wants: Want[] = []
  for (const text of new URLSearchParams(search).getAll("s")) {
    const want = wantOf(text)
    if (want === null) return BAD_WANT
    if (!isStreamName(want.stream)) return NO_SUCH_STREAM
    wants.push(want)
  }
  if (wants.length === 0) return BAD_WANT
  return wants.length > MOST_STREAMS ? TOO_MANY : wants
}

type Tell = (event: LiveEvent) => Promise<void>

/** Tells of one stream until the reader leaves, or there is nothing more to tell. */
async function tellStream(
  streams: () => StreamServer,
  { stream, offset }: Want,
  { tell, signal }: { readonly tell: Tell; readonly signal: AbortSignal },
): Promise<void> {
  const onState = (state: FollowState) => {
    if (state.state === "reconnecting") void tell({ event: "away", stream, inMs: state.inMs })
  }
  const url = () => addressOf(streams(), stream)
  const headers = () => authorization(streams())
  try {
    for await (const { items, offset: next, upToDate } of follow({ url, headers, offset, signal, onState }))
      await tell({ event: "batch", stream, items, offset: next, upToDate })
    await tell({ event: "ended", stream })
  } catch (error) {
    const status = error instanceof FollowRefused ? error.status : 500
    // That the stream server refuses our token says nothing about the reader's.
    await tell({ event: "refused", stream, status: status === 401 || status === 403 ? 502 : status })
  }
}

/** Writes one event at a time, the next one when the reader has taken what was written. */
function teller(response: ServerResponse, stallMs: number): Tell {
  let draining: Promise<void> | null = null
  const drained = () => {
    draining ??= new Promise<void>((resolve) => {
      const stalled = setTimeout(() => response.destroy(), stallMs)
      const over = () => {
        clearTimeout(stalled)
        response.off("drain", over).off("close", over)
        draining = null
        resolve()
      }
      response.once("drain", over).once("close", over)
    })
    return draining
  }
  return async (event) => {
    while (response.writableNeedDrain && !response.destroyed) await drained()
    if (!response.destroyed) response.write(formatLive(event))
  }
}

const BAD_WANT: Refusal = {
  status: 400,
  reason: "bad_live_query",
  message: "Say what to follow and from where: /v1/live?s=__registry__@-1&s=ses_…/events@OFFSET.",
}
const TOO_MANY: Refusal = {
  status: 400,
  reason: "too_many_streams",
  message: `At most ${MOST_STREAMS} streams go over one connection: open another for the rest.`,
}
const FULL: Refusal = {
  status: 503,
  reason: "live_full",
  message: "Too many streams are followed already: close what is not looked at, and try again.",
}
