/**
 * Requests to the stream server of this machine, as `fetch` does them and at a fraction of its cost: whoever starts
 * hundreds of runs at once spends most of the time in them. It follows no redirects, which that server never sends.
 */
import { Agent, type IncomingMessage, request } from "node:http"
import type { Send } from "#streams/transport"

/** Of one process; more requests at once wait for each other. */
const CONNECTIONS = 64

export function localSend(): Send {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS, scheduling: "lifo" })
  return (url, { method, headers, body, signal, timeoutMs }) =>
    new Promise((resolve, reject) => {
      const length = body === null ? {} : { "content-length": Buffer.byteLength(body) }
      const asked = request(url, { method, agent, headers: { ...headers, ...length } })
      const giveUp = (reason: unknown) => {
        settled()
        reject(reason)
        asked.destroy()
      }
      const overdue = setTimeout(
        () => giveUp(new DOMException("It took too long.", "TimeoutError")),
        timeoutMs,
      )
      const aborted = () => giveUp(signal?.reason)
      const settled = () => {
        clearTimeout(overdue)
        signal?.removeEventListener("abort", aborted)
      }
      const failed = (cause: unknown) => {
        settled()
        reject(new TypeError("The request failed.", { cause }))
      }
      asked.once("error", failed)
      asked.once("response", (response) => {
        const parts: Buffer[] = []
        response.on("data", (part: Buffer) => parts.push(part))
        response.once("error", failed)
        response.once("end", () => {
          settled()
          resolve({ status: response.statusCode ?? 0, headers: headersOf(response), bytes: bytesOf(parts) })
        })
      })
      if (signal?.aborted) aborted()
      else signal?.addEventListener("abort", aborted, { once: true })
      asked.end(body ?? undefined)
    })
}

const bytesOf = (parts: readonly Buffer[]): Uint8Array<ArrayBuffer> =>
  new Uint8Array(parts.length === 1 ? (parts[0] ?? []) : Buffer.concat(parts))

const headersOf = ({ headers }: IncomingMessage) => ({
  get: (name: string) => headers[name]?.toString() ?? null,
  has: (name: string) => headers[name] !== undefined,
})
