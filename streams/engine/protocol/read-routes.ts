import type { IncomingMessage, ServerResponse } from "node:http"
import { formatRun } from "../body.ts"
import type { Stream } from "../catalog.ts"
import type { Engine, Run } from "../engine.ts"
import { WINDOW_BYTES } from "../limits.ts"
import { formatOffset, parseOffset } from "../offset.ts"
import { Refusal } from "../refusal.ts"
import { isJson } from "../stream-meta.ts"
import { type Headers, send } from "./answer.ts"
import { compressed } from "./compression.ts"
import { nextCursor } from "./cursor.ts"
import { waitForMore } from "./long-poll.ts"
import { followBySse } from "./sse.ts"

export interface ReadContext {
  readonly engine: Engine
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly path: string
  readonly query: string
  /** How long a long-poll waits, and how often a live reader without news hears from us. */
  readonly waitMs: number
  /** A live reader that takes nothing for this long is disconnected. */
  readonly stallMs: number
  /** Aborted when the server stops. */
  readonly stopping: AbortSignal
}

/** HEAD: where the stream ends and what it is. Does not keep it alive. */
export function headStream({
  engine,
  response,
  path,
}: Pick<ReadContext, "engine" | "response" | "path">): void {
  const { meta } = engine.find(path)
  const tail = formatOffset(meta.next)
  const headers: Headers = {
    "content-type": meta.contentType,
    "stream-next-offset": tail,
    "cache-control": "no-store",
    etag: etagOf(meta.id, "-1", tail, meta.closed),
  }
  if (meta.closed) headers["stream-closed"] = "true"
  if (meta.ttlSeconds !== null) headers["stream-ttl"] = String(meta.ttlSeconds)
  if (meta.expiresAt !== null) headers["stream-expires-at"] = meta.expiresAt
  send(response, 200, headers)
}

/** GET: what follows an offset, at once or live. */
export async function getStream(context: ReadContext): Promise<void> {
  const { engine, path } = context
  const stream = engine.find(path)
  const query = new URLSearchParams(context.query)
  const live = query.get("live")
  const offset = offsetOf(query)
  if (offset === null && (live === "long-poll" || live === "sse")) {
    throw new Refusal(
      "offset_invalid",
      "A live read starts at an offset: -1 for the beginning, now for the end.",
    )
  }
  const position = positionOf(stream, offset)
  engine.touch(stream)
  const cursor = query.get("cursor")
  if (live === "sse") return await followBySse({ ...context, stream, position, cursor })
  if (live === "long-poll") return await longPoll(context, { stream, position, offset, cursor })
  if (offset === "now") return sendTail(context, stream)
  await sendRun(context, { stream, offset, run: engine.read(stream, position, WINDOW_BYTES), extra: {} })
}

function offsetOf(query: URLSearchParams): string | null {
  const given = query.getAll("offset")
  if (given.length > 1) throw new Refusal("offset_invalid", "Send one offset.")
  return given[0] ?? null
}

function positionOf(stream: Stream, offset: string | null): number {
  if (offset === null || offset === "-1") return 0
  if (offset === "now") return stream.meta.next
  const position = parseOffset(offset)
  if (position === null) throw new Refusal("offset_invalid", "That is no offset this server gave out.")
  if (position > stream.meta.next) {
    throw new Refusal(
      "offset_beyond_tail",
      "The offset lies beyond the end: it is of another stream. Read from -1.",
      {
        tail: stream.meta.next,
      },
    )
  }
  return position
}

function sendTail({ response }: ReadContext, { meta }: Stream): void {
  const headers: Headers = {
    "content-type": meta.contentType,
    "stream-next-offset": formatOffset(meta.next),
    "stream-up-to-date": "true",
    "cache-control": "no-store",
  }
  if (meta.closed) headers["stream-closed"] = "true"
  send(response, 200, headers, isJson(meta) ? "[]" : "")
}

interface LongPoll {
  readonly stream: Stream
  readonly position: number
  readonly offset: string | null
  readonly cursor: string | null
}

async function longPoll(context: ReadContext, poll: LongPoll): Promise<void> {
  const { engine, response, stopping, waitMs } = context
  const { stream, position, offset } = poll
  const cursorHeader = () => ({ "stream-cursor": nextCursor(poll.cursor, engine.now()) })
  let run: Run = { payloads: [], next: position }
  if (position < stream.meta.next) run = engine.read(stream, position, WINDOW_BYTES)
  else if (!stream.meta.closed) {
    run = await waitForMore({ engine, stream, position, response, waitMs, stopping })
    if (response.destroyed) return
    if (stream.gone || stream.meta.hidden) engine.find(context.path)
    engine.touch(stream)
  }
  if (run.payloads.length > 0) return await sendRun(context, { stream, offset, run, extra: cursorHeader() })
  const headers: Headers = {
    "stream-next-offset": formatOffset(position),
    "stream-up-to-date": "true",
    "cache-control": "no-store",
    ...cursorHeader(),
  }
  if (stream.meta.closed) headers["stream-closed"] = "true"
  send(response, 204, headers)
}

interface Answer {
  readonly stream: Stream
  readonly offset: string | null
  readonly run: Run
  readonly extra: Headers
}

async function sendRun(
  { request, response }: ReadContext,
  { stream, offset, run, extra }: Answer,
): Promise<void> {
  const { meta } = stream
  const atTail = run.next === meta.next
  const next = formatOffset(run.next)
  const etag = etagOf(meta.id, offset ?? "-1", next, meta.closed && atTail)
  const headers: Headers = {
    "content-type": meta.contentType,
    "stream-next-offset": next,
    "cache-control": "private, no-cache",
    etag,
    ...extra,
  }
  if (atTail) headers["stream-up-to-date"] = "true"
  if (atTail && meta.closed) headers["stream-closed"] = "true"
  if (request.headers["if-none-match"] === etag) return send(response, 304, { etag })
  const body = formatRun(isJson(meta), run.payloads)
  const packed = await compressed(request, body)
  if (packed === null) return send(response, 200, headers, body)
  send(
    response,
    200,
    { ...headers, "content-encoding": packed.encoding, vary: "accept-encoding" },
    packed.body,
  )
}

/** Ids are never given out twice, so the same tag is the same bytes, also after a stream is made anew. */
function etagOf(id: number, from: string, next: string, closed: boolean): string {
  return `"${id}:${from}:${next}${closed ? ":c" : ""}"`
}
