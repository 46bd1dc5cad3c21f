/**
 * A proxy that breaks connections the way networks and dying servers do: before the request arrives, after it was
 * handled but before the answer, in the middle of the answer, or by falling silent in the middle.
 */
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

export type Cut = "none" | "before" | "after" | "mid" | "dribble"

export interface CuttingProxy extends AsyncDisposable {
  readonly url: string
  readonly cuts: Readonly<Record<Cut, number>>
}

/** `choose` decides for each request how it fares. */
export async function cuttingProxy(target: string, choose: (method: string) => Cut): Promise<CuttingProxy> {
  const { origin, pathname } = new URL(target)
  const cuts: Record<Cut, number> = { none: 0, before: 0, after: 0, mid: 0, dribble: 0 }
  const server = createServer((incoming, outgoing) => {
    const cut = choose(incoming.method ?? "GET")
    cuts[cut] += 1
    if (cut === "before") return incoming.socket.destroy()
    pass(origin, incoming, outgoing, cut)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}${pathname}`,
    cuts,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function pass(origin: string, incoming: IncomingMessage, outgoing: ServerResponse, cut: Cut): void {
  const { host: _host, ...headers } = incoming.headers
  const upstream = httpRequest(`${origin}${incoming.url}`, { method: incoming.method, headers }, (answer) => {
    if (cut === "after") {
      // Handled, and nobody will ever know.
      answer.resume()
      answer.on("end", () => incoming.socket.destroy())
      return
    }
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
    outgoing.flushHeaders()
    let sent = 0
    answer.on("data", (chunk: Buffer) => {
      if (cut === "mid") {
        outgoing.write(chunk.subarray(0, Math.ceil(chunk.length / 2)))
        outgoing.write("", () => incoming.socket.destroy())
      } else if (cut === "dribble") {
        for (const byte of chunk) outgoing.write(Buffer.of(byte))
        sent += chunk.length
        if (sent > 2_000) incoming.socket.destroy()
      } else outgoing.write(chunk)
    })
    answer.on("end", () => outgoing.end())
    answer.on("error", () => incoming.socket.destroy())
  })
  upstream.on("error", () => incoming.socket.destroy())
  outgoing.on("close", () => upstream.destroy())
  incoming.pipe(upstream)
}
