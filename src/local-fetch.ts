/**
 * Requests to the stream server of this machine, as `fetch` does them and at a fraction of its cost: whoever starts
 * hundreds of runs at once spends most of the time in them. It follows no redirects, which that server never sends.
 */
import { Agent, type IncomingMessage, request } from "node:http"
import type { Fetch } from "#streams/transport"

/** Of one process; more requests at once wait for each other. */
const CONNECTIONS = 64

export function localFetch(): Fetch {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS, scheduling: "lifo" })
  return (url, { method, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const failed = (cause: unknown) =>
        reject(signal.aborted ? signal.reason : new TypeError("The request failed.", { cause }))
      const length = body === null ? {} : { "content-length": Buffer.byteLength(body) }
      const asked = request(url, { method, agent, signal, headers: { ...headers, ...length } })
      asked.once("error", failed)
      asked.once("response", (response) => {
        const parts: Buffer[] = []
        response.on("data", (part: Buffer) => parts.push(part))
        response.once("error", failed)
        response.once("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: headersOf(response),
            arrayBuffer: () => Promise.resolve(bytesOf(parts)),
          }),
        )
      })
      asked.end(body ?? undefined)
    })
}

function bytesOf(parts: readonly Buffer[]): ArrayBuffer {
  const [first] = parts
  if (first === undefined) return new ArrayBuffer(0)
  const whole = parts.length === 1 ? first : Buffer.concat(parts)
  return new Uint8Array(whole).buffer
}

const headersOf = ({ headers }: IncomingMessage) => ({
  get: (name: string) => headers[name]?.toString() ?? null,
  has: (name: string) => headers[name] !== undefined,
})
