import type { IncomingMessage } from "node:http"
import type { Refusal } from "./answer.ts"

/** What a request may carry. */
const BODY_LIMIT = 4 * 1024 * 1024
/** Up to here a body that is too large is read and thrown away, so that its sender hears why. */
const PATIENCE = 64 * 1024 * 1024

/** A whole body as text; its size when it is over the limit; `null` when the sender went away or never ends. */
export async function readBody(request: IncomingMessage): Promise<string | { readonly size: number } | null> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.byteLength
      if (size <= BODY_LIMIT) chunks.push(chunk)
      else chunks.length = 0
      if (size > PATIENCE) break
    }
  } catch {
    return null
  }
  return size > BODY_LIMIT ? { size } : Buffer.concat(chunks).toString("utf8")
}

export const tooLarge = (size: number): Refusal => ({
  status: 413,
  reason: "request_too_large",
  message: `The request has ${size} bytes, and ${BODY_LIMIT} is the limit: send less at once.`,
})
