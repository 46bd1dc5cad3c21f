import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type StreamServerOptions, serveStreams } from "#streams/engine/server"

/** A directory that is gone when the test is. */
export function temporaryDir(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), "agentz-streams-"))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

export const TOKEN = "a-token-of-the-tests"

export interface TestServer extends AsyncDisposable {
  readonly dir: string
  readonly url: string
  readonly port: number
  /** A request with the token, to a stream by its name. */
  call(
    method: string,
    name: string,
    init?: { headers?: Record<string, string>; body?: BodyInit },
  ): Promise<Response>
  create(name: string, contentType?: string): Promise<Response>
  append(name: string, value: unknown, headers?: Record<string, string>): Promise<Response>
  /** Every message of a JSON stream, read window by window. */
  messages(name: string): Promise<unknown[]>
  /** Closes the server and opens the same directory again. */
  reopen(): Promise<void>
}

export async function startServer(options: Partial<StreamServerOptions> = {}): Promise<TestServer> {
  const dir = temporaryDir()
  const open = () => serveStreams({ dataDir: dir.path, token: TOKEN, ...options })
  let server = await open()
  const test: TestServer = {
    dir: dir.path,
    get url() {
      return server.url
    },
    get port() {
      return server.port
    },
    call: (method, name, init = {}) =>
      fetch(`${server.url}/${name}`, {
        method,
        ...init,
        headers: { authorization: `Bearer ${TOKEN}`, ...init.headers },
      }),
    create: (name, contentType = "application/json") =>
      test.call("PUT", name, { headers: { "content-type": contentType } }),
    append: (name, value, headers = {}) =>
      test.call("POST", name, {
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(value),
      }),
    async messages(name) {
      const all: unknown[] = []
      for (let offset = "-1"; ; ) {
        const response = await test.call("GET", `${name}?offset=${offset}`)
        if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
        for (const message of (await response.json()) as unknown[]) all.push(message)
        offset = response.headers.get("stream-next-offset") ?? ""
        if (response.headers.get("stream-up-to-date") === "true") return all
      }
    },
    async reopen() {
      await server.close()
      server = await open()
    },
    async [Symbol.asyncDispose]() {
      await server.close()
      dir[Symbol.dispose]()
    },
  }
  return test
}

export const producer = (id: string, epoch: number, seq: number): Record<string, string> => ({
  "producer-id": id,
  "producer-epoch": String(epoch),
  "producer-seq": String(seq),
})

/** Waits for a condition, not for a time. */
export async function until(condition: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<void> {
  const deadline = Date.now() + withinMs
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error("the condition did not come true")
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
