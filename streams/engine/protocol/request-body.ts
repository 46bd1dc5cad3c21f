import type { IncomingMessage, ServerResponse } from "node:http"
import { Refusal } from "../refusal.ts"

export const EMPTY = Buffer.alloc(0)
/** How long a refused sender may go on before its connection is cut. */
const PATIENCE_MS = 2_000

/** Told at most once how the body of a request ended. */
export interface BodyTaker {
  take(body: Buffer): void
  reject(error: unknown): void
}

/**
 * Collects the body of a request, never more than `limit` bytes of it. May tell the taker before it returns. When
 * the connection ends inside the body nobody is told: nobody waits for an answer any more.
 */
export function collectBody(
  request: IncomingMessage,
  response: ServerResponse,
  limit: number,
  taker: BodyTaker,
): void {
  const announced = Number(request.headers["content-length"] ?? 0)
  if (announced > limit) {
    taker.reject(tooLarge(request, response, limit))
    return
  }
  if (announced === 0 && request.headers["transfer-encoding"] === undefined) {
    taker.take(EMPTY)
    return
  }
  let first: Buffer | null = null
  let more: Buffer[] | null = null
  let bytes = 0
  let settled = false
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > limit) {
      if (!settled) taker.reject(tooLarge(request, response, limit))
      settled = true
    } else if (first === null) first = chunk
    else if (more === null) more = [first, chunk]
    else more.push(chunk)
  })
  request.on("end", () => {
    if (settled) return
    settled = true
    taker.take(more === null ? (first ?? EMPTY) : Buffer.concat(more))
  })
}

/** The same as a promise. Rejects with a `Refusal` as soon as there are more bytes than the limit. */
export function readBody(request: IncomingMessage, response: ServerResponse, limit: number): Promise<Buffer> {
  return new Promise((take, reject) => collectBody(request, response, limit, { take, reject }))
}

function tooLarge(request: IncomingMessage, response: ServerResponse, limit: number): Refusal {
  // The rest is thrown away unread, so that the sender sees the answer before the connection ends.
  response.setHeader("connection", "close")
  request.resume()
  const cut = setTimeout(() => request.destroy(), PATIENCE_MS)
  request.once("close", () => clearTimeout(cut))
  return new Refusal(
    "body_too_large",
    `A request body may have ${limit} bytes. Send the content in several requests.`,
  )
}
