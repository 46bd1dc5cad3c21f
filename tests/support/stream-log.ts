/** An append-only JSON stream in memory, read the way the Durable Streams protocol reads one: catch-up and SSE. */
import type { ServerResponse } from "node:http"

const PAGE = 500

export class StreamLog {
  readonly items: unknown[] = []
  readonly #readers = new Set<() => void>()

  append(...items: unknown[]): void {
    this.items.push(...items)
    for (const wake of [...this.#readers]) wake()
  }

  get offset(): string {
    return offsetAt(this.items.length)
  }

  read(response: ServerResponse, query: URLSearchParams): void {
    const offset = query.get("offset") ?? "-1"
    const from = offset === "-1" ? 0 : Number(offset.split("_")[1])
    response.setHeader("cache-control", "no-store")
    if (query.get("live") === "sse") {
      this.#tail(response, from)
      return
    }
    const batch = this.items.slice(from, from + PAGE)
    const next = from + batch.length
    response.setHeader("stream-next-offset", offsetAt(next))
    if (next >= this.items.length) response.setHeader("stream-up-to-date", "true")
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(batch))
  }

  #tail(response: ServerResponse, from: number): void {
    response.writeHead(200, { "content-type": "text/event-stream" })
    let next = from
    const send = () => {
      const batch = this.items.slice(next)
      next += batch.length
      if (batch.length > 0) response.write(`event: data\ndata: ${JSON.stringify(batch)}\n\n`)
      const control = { streamNextOffset: offsetAt(next), streamCursor: "1", upToDate: true }
      response.write(`event: control\ndata: ${JSON.stringify(control)}\n\n`)
    }
    send()
    this.#readers.add(send)
    response.once("close", () => this.#readers.delete(send))
  }
}

const offsetAt = (index: number): string => `0000000000000000_${String(index).padStart(16, "0")}`
