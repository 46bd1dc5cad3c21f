/** An append-only JSON stream in memory, read the way the Durable Streams protocol reads one. */
import type { IncomingMessage, ServerResponse } from "node:http"

const LONG_POLL_MS = 10_000
const PAGE = 500

export class StreamLog {
  readonly items: unknown[] = []
  readonly #waiting = new Set<() => void>()

  append(...items: unknown[]): void {
    this.items.push(...items)
    for (const wake of [...this.#waiting]) wake()
  }

  get offset(): string {
    return offsetAt(this.items.length)
  }

  async read(request: IncomingMessage, response: ServerResponse, query: URLSearchParams): Promise<void> {
    const offset = query.get("offset") ?? "-1"
    const from = offset === "-1" ? 0 : Number(offset.split("_")[1])
    if (query.has("live") && from >= this.items.length) await this.#growth(request)
    if (response.destroyed) return
    const batch = this.items.slice(from, from + PAGE)
    const next = from + batch.length
    response.setHeader("stream-next-offset", offsetAt(next))
    response.setHeader("cache-control", "no-store")
    if (next >= this.items.length) response.setHeader("stream-up-to-date", "true")
    if (query.has("live")) response.setHeader("stream-cursor", "1")
    if (query.has("live") && batch.length === 0) response.writeHead(204).end()
    else response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(batch))
  }

  #growth(request: IncomingMessage): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        this.#waiting.delete(done)
        resolve()
      }
      const timer = setTimeout(done, LONG_POLL_MS)
      this.#waiting.add(done)
      request.socket.once("close", done)
    })
  }
}

const offsetAt = (index: number): string => `0000000000000000_${String(index).padStart(16, "0")}`
