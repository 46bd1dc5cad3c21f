/**
 * A gate before a stream server: it holds one append back, or a stream that is made with something in it, before the
 * server hears of it or before anybody hears the server's answer, so that whoever sent it can be killed in that very
 * moment. All else passes.
 */
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

export interface Held {
  /** The sender is dead: nobody hears an answer, and what was held back before the server never gets there. */
  drop(): void
}

/** `before` the server has it; `after` it is durable and nobody knows; `answered`: whoever sent it knows as well. */
export type Moment = "before" | "after" | "answered"

export interface AppendGate extends AsyncDisposable {
  readonly url: string
  /** Resolves when an append to such a stream whose body says that is held. One after the other. */
  hold(where: { readonly stream: RegExp; readonly says: string; readonly moment: Moment }): Promise<Held>
}

interface Armed {
  readonly stream: RegExp
  readonly says: string
  readonly moment: Moment
  readonly reached: (held: Held) => void
}

export async function appendGate(target: string): Promise<AppendGate> {
  const { origin, pathname } = new URL(target)
  let armed: Armed | null = null

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    if (incoming.method !== "POST" && incoming.method !== "PUT")
      return forward(incoming, outgoing, { origin })
    const parts: Buffer[] = []
    for await (const part of incoming) parts.push(part)
    const body = Buffer.concat(parts)
    const name = decodeURIComponent((incoming.url ?? "").slice(pathname.length + 1))
    const at = armed
    if (at === null || !at.stream.test(name) || !body.includes(at.says))
      return forward(incoming, outgoing, { origin, body })
    armed = null
    const held = { drop: () => void incoming.socket.destroy() }
    if (at.moment === "before") return at.reached(held)
    forward(incoming, outgoing, {
      origin,
      body,
      onAnswered: () => at.reached(held),
      isTold: at.moment === "answered",
    })
  }

  const server = createServer((incoming, outgoing) => {
    handle(incoming, outgoing).catch(() => incoming.socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}${pathname}`,
    hold: (where) =>
      new Promise((reached) => {
        armed = { ...where, reached }
      }),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function forward(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  {
    origin,
    body,
    onAnswered = () => undefined,
    isTold = true,
  }: {
    readonly origin: string
    readonly body?: Buffer
    /** The server has answered. */
    readonly onAnswered?: () => void
    readonly isTold?: boolean
  },
): void {
  const { host: _host, ...headers } = incoming.headers
  const upstream = httpRequest(`${origin}${incoming.url}`, { method: incoming.method, headers }, (answer) => {
    answer.on("error", () => incoming.socket.destroy())
    if (isTold) {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      outgoing.flushHeaders()
      answer.pipe(outgoing)
    } else answer.resume()
    answer.once("end", onAnswered)
  })
  upstream.on("error", () => incoming.socket.destroy())
  outgoing.on("close", () => upstream.destroy())
  if (body === undefined) incoming.pipe(upstream)
  else upstream.end(body)
}
