import type { IncomingMessage, ServerResponse } from "node:http"
import type { CreateRequest, ForkRequest } from "../create.ts"
import type { Engine } from "../engine.ts"
import { formatOffset, parseOffset } from "../offset.ts"
import { Refusal } from "../refusal.ts"
import { type Headers, send } from "./answer.ts"
import { checkPath, closes, header, wholeNumber } from "./fields.ts"
import { readBody } from "./request-body.ts"

export interface WriteContext {
  readonly engine: Engine
  readonly origin: string
  readonly requestBytes: number
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly path: string
}

/** PUT: creates a stream, or confirms that it is there as asked for. */
export async function putStream(context: WriteContext): Promise<void> {
  const { engine, request, response, path } = context
  const fields = createFields(request)
  const body = await readBody(request, response, context.requestBytes)
  const { meta, fresh } = await engine.create({ path, body, ...fields })
  const headers: Headers = { "content-type": meta.contentType, "stream-next-offset": formatOffset(meta.next) }
  if (fresh) headers.location = context.origin + path
  if (meta.closed) headers["stream-closed"] = "true"
  send(response, fresh ? 201 : 200, headers)
}

const MEDIA_TYPE = /^[\w-]+\/[\w-]+/

function createFields(request: IncomingMessage): Omit<CreateRequest, "path" | "body"> {
  const ttl = header(request, "stream-ttl")
  const expires = header(request, "stream-expires-at")
  if (ttl && expires) throw new Refusal("bad_request", "Send Stream-TTL or Stream-Expires-At, not both.")
  if (expires && Number.isNaN(Date.parse(expires))) {
    throw new Refusal("bad_request", "Stream-Expires-At must be a date and time in ISO 8601.")
  }
  const type = header(request, "content-type")
  return {
    contentType: type && MEDIA_TYPE.test(type) ? type : undefined,
    ttlSeconds: ttl ? wholeNumber(ttl, "Stream-TTL") : undefined,
    expiresAt: expires || undefined,
    closed: closes(request),
    fork: forkFields(request),
  }
}

function forkFields(request: IncomingMessage): ForkRequest | undefined {
  const from = header(request, "stream-forked-from")
  const at = header(request, "stream-fork-offset")
  const sub = header(request, "stream-fork-sub-offset")
  if (!from) {
    if (sub === undefined) return undefined
    throw new Refusal("bad_request", "Stream-Fork-Sub-Offset goes with Stream-Forked-From.")
  }
  checkPath(from)
  const position = at ? parseOffset(at) : undefined
  if (position === null)
    throw new Refusal("fork_offset_invalid", "Stream-Fork-Offset is no offset of the source.")
  return { from, at: position, sub: sub === undefined ? 0 : wholeNumber(sub, "Stream-Fork-Sub-Offset") }
}

export async function deleteStream({ engine, response, path }: WriteContext): Promise<void> {
  await engine.remove(path)
  send(response, 204, {})
}
