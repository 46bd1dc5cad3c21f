/** A real listener with a fake plane, and a client that sends exactly what it is told. */
import { type IncomingHttpHeaders, request } from "node:http"
import { Meter } from "#daemon/telemetry/meter"
import { type ApiOptions, serveApi } from "#src/http/server"
import { type FakePlane, fakePlane } from "./fake-plane.ts"
import { exchange } from "./malformed.ts"

export const TOKEN = "test-token-0123456789abcdef"

const OK = { ok: true } as const

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  json(): { error?: { reason?: string; message?: string; data?: Record<string, unknown> } } & Record<
    string,
    unknown
  >
}

export interface Ask {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | string[]>>
  readonly body?: string | Buffer
  /** With the token, unless `false`. */
  readonly token?: string | false
}

export async function testApi(options: Partial<ApiOptions> = {}) {
  const plane: FakePlane = fakePlane()
  const lines: Readonly<Record<string, unknown>>[] = []
  const api = await serveApi({
    config: { host: "127.0.0.1", port: 0 },
    plane,
    streams: () => plane.streams(),
    token: TOKEN,
    mcpCaller: () => Promise.resolve(null),
    uiDir: "/nonexistent",
    log: (line) => lines.push(line),
    health: {
      meter: new Meter(),
      ready: () => Promise.resolve({ ready: true, checks: { streams: OK, home: OK, disk: OK } }),
      metrics: () => Promise.resolve("# nothing\n"),
    },
    ...options,
  })
  const { port } = api
  const host = `127.0.0.1:${port}`
  return {
    ...api,
    plane,
    lines,
    host,
    ask: (path: string, ask: Ask = {}) => askAt(port, path, ask),
    rpc: (path: string, input: unknown, ask: Ask = {}) =>
      askAt(port, `/trpc/${path}`, {
        method: "POST",
        body: JSON.stringify(input),
        ...ask,
        headers: { "content-type": "application/json", ...ask.headers },
      }),
    /** Sends raw bytes on a connection of its own and gives all that came back. */
    raw: (bytes: string | Buffer, patienceMs = 2000) => exchange(port, bytes, patienceMs),
    [Symbol.asyncDispose]: () => api.close(),
  }
}

const askAt = (port: number, path: string, { method = "GET", headers = {}, body, token = TOKEN }: Ask) =>
  new Promise<Answer>((resolve, reject) => {
    const authorization: Record<string, string> = token === false ? {} : { authorization: `Bearer ${token}` }
    const call = request(
      { host: "127.0.0.1", port, path, method, headers: { ...authorization, ...headers }, agent: false },
      async (answer) => {
        const chunks: Buffer[] = []
        try {
          for await (const chunk of answer) chunks.push(chunk as Buffer)
        } catch (error) {
          reject(error)
        }
        const text = Buffer.concat(chunks).toString("utf8")
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          text,
          json: () => JSON.parse(text),
        })
      },
    )
    call.once("error", reject)
    call.end(body)
  })
