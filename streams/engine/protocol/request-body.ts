import type { IncomingMessage, ServerResponse } from "node:http"
import { Refusal } from "../refusal.ts"

const EMPTY = Buffer.alloc(0)
/** How long a refused sender may go on before its connection is cut. */
const PATIENCE_MS = 2_000

/** The body of a request, never more than `limit` bytes of it. Throws a `Refusal` as soon as there are more. */
export async function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  limit: number,
): Promise<Buffer> {
  const announced = Number(request.headers["content-length"] ?? 0)
  if (announced > limit) throw tooLarge(request, response, limit)
  if (announced === 0 && request.headers["transfer-encoding"] === undefined) return EMPTY

  const chunks: Buffer[] = []
  let bytes = 0
  return await new Promise<Buffer>((resolve, reject) => {
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= limit) chunks.push(chunk)
      else if (bytes - chunk.length <= limit) reject(tooLarge(request, response, limit))
    })
    request.once("end", () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)))
    request.once("close", () => {
      if (!request.complete) reject(new Error("the connection ended inside a body"))
    })
  })
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
