import { writeFile } from "node:fs/promises"
import { connect } from "node:net"
import { join } from "node:path"
import { expect, test } from "vitest"
import { connectionLimit } from "#src/http/connection-limit"
import { TOKEN, testApi } from "../../support/api.ts"
import { tempDir } from "../../support/temp-dir.ts"
import { upstream } from "../../support/upstream.ts"

/** A small seeded generator: the same seed sends the same requests. */
function dice(seed: number) {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (limit: number) => Math.floor(next() * limit)
  const pick = <Type>(from: readonly Type[]): Type => from[below(from.length)] as Type
  return { below, pick, chance: (share: number) => next() < share }
}

const METHODS = [
  "GET",
  "POST",
  "HEAD",
  "PUT",
  "DELETE",
  "OPTIONS",
  "PATCH",
  "TRACE",
  "CONNECT",
  "PROPFIND",
  "get",
  "G€T",
  "",
]
const PATHS = [
  "/",
  "/healthz",
  "/trpc",
  "/trpc/",
  "/trpc/agent.spawn",
  "/trpc/agent.getSession",
  "/trpc/agent.listSessions",
  "/trpc/agent.subscribe",
  "/trpc/agent.nothing",
  "/trpc/__proto__",
  "/trpc/agent.constructor",
  "/trpc/%E0%A4%A",
  "/trpc/agent.spawn,agent.cancel?batch=1",
  "/trpc/agent.listSessions?batch=1&input=[[[",
  "/trpc/agent.getSession?input={",
  "/trpc/agent.getSession?input=%7B%22sessionId%22%3A%22ses_a%22%7D",
  "/trpc/agent.agentTypes?connectionParams=x",
  "/v1/stream/__registry__",
  "/v1/stream/ses_a/events?offset=-1",
  "/v1/stream/",
  "/v1",
  "/api/code",
  "/?code=x",
  "/?code=",
  "/assets/../../x",
  "*",
  "http://[::1",
  "//x",
  "/\x00",
  "/é",
  `/${"a".repeat(9000)}`,
  "/?%",
  "/#",
  "\\",
]
const HEADERS = [
  "Content-Type: application/json",
  "Content-Type: multipart/form-data",
  "Content-Type:",
  "Content-Length: 5",
  "Content-Length: -1",
  "Content-Length: 99999999999999999999",
  "Content-Length: 5\r\nContent-Length: 6",
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: gzip, chunked",
  "Transfer-Encoding: chunked\r\nContent-Length: 3",
  "Expect: 100-continue",
  "Expect: nonsense",
  "Upgrade: websocket\r\nConnection: upgrade",
  "Upgrade: h2c",
  "Origin: null",
  "Origin: http://evil.example",
  "Sec-Fetch-Site: cross-site",
  "Accept: text/event-stream",
  "Accept: application/jsonl",
  "trpc-accept: application/jsonl",
  "Cookie: a=b; ;;=;",
  "Cookie: \xff\xfe",
  "Range: bytes=0-",
  "Accept-Encoding: ,;q=,br;q=0",
  "If-None-Match: *",
  "Last-Event-Id: \xe9",
  ": nameless",
  "No colon here",
  "X-Fold: a\r\n b",
  "X-Bad\x01: y",
  "Connection: close, close",
  `X-Many: ${"y".repeat(3000)}`,
]
const BODIES = [
  "",
  "{}",
  "{",
  "[]",
  "null",
  '"x"',
  "5\r\nhello\r\n0\r\n\r\n",
  "zz\r\n",
  '{"0":{"agentType":5}}',
  "\x00\x01\x02",
  '{"__proto__":{"x":1}}',
  `${"[".repeat(5000)}`,
  '{"agentType":"demo","prompt":""}',
]

function malformed(seed: number, host: string): string {
  const { below, pick, chance } = dice(seed)
  const lines = [
    `${pick(METHODS)} ${pick(PATHS)} ${chance(0.9) ? "HTTP/1.1" : pick(["HTTP/1.0", "HTTP/2.0", "HTTP/9", "", "JUNK/1.1"])}`,
  ]
  if (chance(0.85)) lines.push(`Host: ${chance(0.9) ? host : "evil.example"}`)
  if (chance(0.7)) lines.push(`Authorization: Bearer ${TOKEN}`)
  for (let count = below(5); count > 0; count--) lines.push(pick(HEADERS))
  if (chance(0.8)) lines.push("Connection: close")
  let text = `${lines.join(chance(0.95) ? "\r\n" : "\n")}\r\n\r\n${pick(BODIES)}`
  if (chance(0.1)) text = text.slice(0, below(text.length))
  if (chance(0.1)) {
    const at = below(text.length)
    text = text.slice(0, at) + String.fromCharCode(below(256)) + text.slice(at + 1)
  }
  return text
}

test("2,000 malformed requests get no answer of 500 or more, and break nothing", {
  timeout: 60_000,
}, async () => {
  const seed = Number(process.env.AGENTZ_TEST_SEED ?? Date.now() % 1_000_000_000)
  console.info(`seed ${seed} (again with AGENTZ_TEST_SEED=${seed})`)
  await using ui = await tempDir()
  await writeFile(join(ui.path, "index.html"), "<!doctype html>")
  await using server = await upstream((_request, response) => response.writeHead(404).end())
  await using api = await testApi({ uiDir: ui.path, streams: server.streams })
  const bad: string[] = []
  let answered = 0
  let next = 0
  const one = async () => {
    for (let index = next++; index < 2000; index = next++) {
      const bytes = malformed(seed + index, api.host)
      const answer = await api.raw(Buffer.from(bytes, "latin1"), 250)
      const statuses = [...answer.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status))
      answered += statuses.length > 0 ? 1 : 0
      if (statuses.some((status) => status >= 500))
        bad.push(`${JSON.stringify(bytes)}\n→ ${answer.slice(0, 300)}`)
    }
  }
  await Promise.all(Array.from({ length: 24 }, one))

  expect(bad).toEqual([])
  expect(answered).toBeGreaterThan(1000)
  expect(api.lines).toEqual([])
  expect((await api.ask("/healthz")).status).toBe(200)
})

test("300 connections that say nothing do not keep others out", async () => {
  await using api = await testApi()
  const sockets = await Promise.all(
    Array.from({ length: 300 }, () => {
      const socket = connect({ host: "127.0.0.1", port: api.port })
      return new Promise<typeof socket>((resolve, reject) => {
        socket.once("connect", () => resolve(socket))
        socket.once("error", reject)
      })
    }),
  )
  expect((await api.ask("/healthz")).status).toBe(200)
  for (const socket of sockets) socket.destroy()
})

test("a flood leaves half of the files for the work itself", () => {
  const limits = (files: string) =>
    `Limit  Soft Limit  Hard Limit  Units\nMax open files            ${files}       4096   files\n`
  expect(connectionLimit(limits("256"))).toBe(128)
  expect(connectionLimit(limits("1048576"))).toBe(1000)
  expect(connectionLimit(limits("unlimited"))).toBe(1000)
  expect(connectionLimit("")).toBe(1000)
})
