/**
 * The fake model behind a door of its own: it does what it is told when a turn is taken up, as a real model would.
 * The fake one knows directives alone, and what an agent is told then is a sentence.
 */
import { request as ask, createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { Transform } from "node:stream"
import { createFakeModel, type LogEntry } from "../fixtures/fake-model/server.mjs"

export interface ObedientModel extends AsyncDisposable {
  readonly url: string
  readonly log: readonly LogEntry[]
  /** What it was asked last, each whole. */
  readonly asked: readonly string[]
  /** What the model does when it is told that its turn was interrupted. */
  whenTakenUp(directives: string): void
}

const MOST_ASKED = 20

const TAKEN_UP = "The previous turn was interrupted because its process ended."

export async function modelThatObeys(): Promise<ObedientModel> {
  const model = createFakeModel({ chunkMs: 1 })
  const port = await model.listen(0)
  const asked: string[] = []
  let directives = ""
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    const told = JSON.stringify(`${TAKEN_UP} ${directives}`).slice(1, -1)
    const body = Buffer.concat(parts).toString().replaceAll(TAKEN_UP, told)
    asked.push(body)
    asked.splice(0, asked.length - MOST_ASKED)
    const { "content-length": _length, host: _host, ...headers } = request.headers
    const upstream = ask(
      { host: "127.0.0.1", port, path: request.url, method: request.method, headers, agent: false },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.on("error", () => response.destroy())
        answer.once("close", () => {
          if (!answer.complete) response.destroy()
        })
        const said = request.url?.endsWith("/responses") ? answer.pipe(callingByBothNames()) : answer
        said.pipe(response)
      },
    )
    upstream.once("error", () => response.destroy())
    response.once("close", () => upstream.destroy())
    upstream.end(body)
  })
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    log: model.log,
    asked,
    whenTakenUp(given) {
      directives = given
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
      await model.close()
    },
  }
}

/**
 * Codex offers the tools of an MCP server in a namespace, and knows a call of one by both names alone. The fake model
 * says one name; a real one says both. Line by line, so that no name is cut in two.
 */
function callingByBothNames(): Transform {
  const bothIn = (line: string) =>
    line.replaceAll(/"name":"(mcp__.+?)__(\w+)"/g, '"name":"$2","namespace":"$1"')
  let rest = ""
  return new Transform({
    transform(part: Buffer, _encoding, done) {
      const lines = `${rest}${part.toString("latin1")}`.split("\n")
      rest = lines.pop() ?? ""
      done(null, Buffer.from(lines.map((line) => `${bothIn(line)}\n`).join(""), "latin1"))
    },
    flush: (done) => done(null, Buffer.from(bothIn(rest), "latin1")),
  })
}
