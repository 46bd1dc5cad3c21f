import { Agent, type IncomingHttpHeaders, request } from "node:http"
import { headers as usual } from "./streams-process.ts"

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface Call {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer | string
}

/** What a stream holds from an offset on. */
export interface Stored {
  readonly bytes: Buffer
  readonly next: string
}

/** The server answered a read with something else than 200, or never got to the end. */
export class ReadError extends Error {
  readonly status: number

  constructor(name: string, status: number, body: string) {
    super(`reading ${name}: ${status} ${body.slice(0, 200)}`)
    this.status = status
  }
}

/** A plain client that retries nothing, so that a test sees each answer as it was given. */
export class StreamClient implements Disposable {
  readonly #url: string
  readonly #agent: Agent
  readonly #silenceMs: number

  /** A request that hears nothing for `silenceMs`, longer than a long-poll waits, is given up. */
  constructor(url: string, silenceMs = 20_000) {
    this.#url = url
    this.#silenceMs = silenceMs
    this.#agent = new Agent({ keepAlive: true, maxSockets: 512 })
  }

  call(method: string, name: string, { headers, body }: Call = {}): Promise<Answer> {
    const length: Record<string, string> =
      body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) }
    const init = { method, agent: this.#agent, headers: { ...usual, ...length, ...headers } }
    return new Promise((resolve, reject) => {
      const sent = request(`${this.#url}/${name}`, init, (response) => {
        const chunks: Buffer[] = []
        response.on("data", (chunk: Buffer) => chunks.push(chunk))
        response.once("error", reject)
        response.once("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
          }),
        )
      })
      sent.setTimeout(this.#silenceMs, () => sent.destroy(new Error(`no answer to ${method} ${name}`)))
      sent.once("error", reject)
      sent.end(body)
    })
  }

  create(name: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.call("PUT", name, { headers })
  }

  /** Everything from an offset to the end, window by window. Throws a `ReadError` when it cannot be had. */
  async read(name: string, from = "-1"): Promise<Stored> {
    const parts: Buffer[] = []
    for (let offset = from; ; ) {
      const { status, headers, body } = await this.call("GET", `${name}?offset=${offset}`)
      if (status !== 200) throw new ReadError(name, status, body.toString())
      parts.push(body)
      const next = String(headers["stream-next-offset"])
      if (headers["stream-up-to-date"] === "true") return { bytes: Buffer.concat(parts), next }
      if (next === offset) throw new ReadError(name, status, `no way past ${offset}`)
      offset = next
    }
  }

  /** The messages of a JSON stream. */
  async messages(name: string): Promise<unknown[]> {
    const all: unknown[] = []
    for (let offset = "-1"; ; ) {
      const { status, headers, body } = await this.call("GET", `${name}?offset=${offset}`)
      if (status !== 200) throw new ReadError(name, status, body.toString())
      all.push(...parseArray(body))
      const next = String(headers["stream-next-offset"])
      if (headers["stream-up-to-date"] === "true") return all
      if (next === offset) throw new ReadError(name, status, `no way past ${offset}`)
      offset = next
    }
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }
}

function parseArray(body: Buffer): unknown[] {
  const value: unknown = JSON.parse(body.toString())
  if (!Array.isArray(value)) throw new Error("a read of a JSON stream is an array")
  return value
}

export const ticket = (seq: number, epoch = 0, id = "p"): Record<string, string> => ({
  "producer-id": id,
  "producer-epoch": String(epoch),
  "producer-seq": String(seq),
})
