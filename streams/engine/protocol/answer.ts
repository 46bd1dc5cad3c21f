import type { ServerResponse } from "node:http"
import {
  CommitFailedError,
  CrowdedError,
  DamagedRecordError,
  DamageFoundError,
  DiskRefusedError,
  EngineError,
  StoppingError,
} from "../errors.ts"
import { formatOffset } from "../offset.ts"
import { Refusal, type RefusalReason } from "../refusal.ts"

export type Headers = Record<string, string>

/** On every answer. There are no CORS headers: web pages are not served. */
export const EVERYWHERE: Headers = {
  "x-content-type-options": "nosniff",
  "cross-origin-resource-policy": "same-origin",
}

/** The same, as `writeHead` takes them with the least work. */
export const EVERYWHERE_RAW: readonly string[] = Object.entries(EVERYWHERE).flat()

/** `headers` is the answer's own: what every answer has is added to it. */
export function send(
  response: ServerResponse,
  status: number,
  headers: Headers,
  body: Buffer | string = "",
): void {
  Object.assign(headers, EVERYWHERE)
  if (status !== 204 && status !== 304 && response.req.method !== "HEAD") {
    headers["content-length"] = String(Buffer.byteLength(body))
  }
  response.writeHead(status, headers)
  response.end(body)
}

const STATUS: Record<RefusalReason, number> = {
  bad_request: 400,
  body_empty: 400,
  content_type_missing: 400,
  content_type_mismatch: 409,
  json_invalid: 400,
  json_empty: 400,
  message_too_large: 413,
  body_too_large: 413,
  name_invalid: 400,
  stream_not_found: 404,
  stream_gone: 410,
  stream_closed: 409,
  stream_differs: 409,
  path_kept_by_forks: 409,
  source_not_found: 404,
  source_gone: 409,
  source_differs: 409,
  fork_offset_invalid: 400,
  offset_invalid: 400,
  offset_beyond_tail: 400,
  seq_conflict: 409,
  producer_stale: 403,
  producer_gap: 409,
  producer_epoch_start: 400,
  too_many_producers: 409,
  not_done: 424,
  unauthorized: 401,
  foreign_origin: 403,
  foreign_host: 421,
  method_not_allowed: 405,
  route_not_found: 404,
}

function statusOf(error: unknown): number {
  if (error instanceof Refusal) return STATUS[error.reason]
  if (error instanceof DiskRefusedError) return 507
  if (error instanceof DamagedRecordError || error instanceof DamageFoundError) return 503
  if (error instanceof CrowdedError) return 503
  if (error instanceof CommitFailedError || error instanceof StoppingError) return 503
  return 500
}

export interface ToldError {
  readonly status: number
  readonly code: string
  readonly message: string
  /** What the protocol says of it beside its status. */
  readonly headers: Headers
}

/** An error as whoever asked is told of it. */
export function toldOf(error: unknown): ToldError {
  const status = statusOf(error)
  const headers: Headers = {}
  let code = "internal"
  let message = "The stream server made a mistake. Its log says more."
  if (error instanceof Refusal) {
    const { tail, closed, epoch, expectedSeq, receivedSeq } = error.details
    code = error.reason
    message = error.message
    if (tail !== undefined) headers["stream-next-offset"] = formatOffset(tail)
    if (closed) headers["stream-closed"] = "true"
    if (epoch !== undefined) headers["producer-epoch"] = String(epoch)
    if (expectedSeq !== undefined) headers["producer-expected-seq"] = String(expectedSeq)
    if (receivedSeq !== undefined) headers["producer-received-seq"] = String(receivedSeq)
    if (status === 401) headers["www-authenticate"] = "Bearer"
    if (status === 405) headers.allow = "GET, HEAD, PUT, POST, DELETE"
  } else if (error instanceof EngineError) {
    code = error.code
    message = error.message
    if (status === 503) headers["retry-after"] = "1"
  }
  return { status, code, message, headers }
}

/** Answers an error. Returns the status, so that the caller can log what nobody expected. */
export function sendError(response: ServerResponse, error: unknown): number {
  const { status, code, message, headers } = toldOf(error)
  const all = { "content-type": "application/json", "cache-control": "no-store", ...headers }
  if (response.headersSent) response.destroy()
  else send(response, status, all, JSON.stringify({ error: { code, message } }))
  return status
}
