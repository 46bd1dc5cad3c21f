/** Requests that no client would send, for whatever port takes HTTP. */
import { connect } from "node:net"
import { numbersFrom } from "./seeded.ts"

/** A small seeded generator: the same seed sends the same requests. */
function dice(seed: number) {
  const next = numbersFrom(seed)
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

/** Bytes that are hardly ever a request. The same seed makes the same ones. */
export function malformed(
  seed: number,
  {
    host,
    token,
    paths = PATHS,
  }: { readonly host: string; readonly token: string; readonly paths?: readonly string[] },
): Buffer {
  const { below, pick, chance } = dice(seed)
  const lines = [
    `${pick(METHODS)} ${pick(paths)} ${chance(0.9) ? "HTTP/1.1" : pick(["HTTP/1.0", "HTTP/2.0", "HTTP/9", "", "JUNK/1.1"])}`,
  ]
  if (chance(0.85)) lines.push(`Host: ${chance(0.9) ? host : "evil.example"}`)
  if (chance(0.7)) lines.push(`Authorization: Bearer ${token}`)
  for (let count = below(5); count > 0; count--) lines.push(pick(HEADERS))
  if (chance(0.8)) lines.push("Connection: close")
  let text = `${lines.join(chance(0.95) ? "\r\n" : "\n")}\r\n\r\n${pick(BODIES)}`
  if (chance(0.1)) text = text.slice(0, below(text.length))
  if (chance(0.1)) {
    const at = below(text.length)
    text = text.slice(0, at) + String.fromCharCode(below(256)) + text.slice(at + 1)
  }
  return Buffer.from(text, "latin1")
}

/** Paths of the stream server, right and wrong. */
export const STREAM_PATHS: readonly string[] = [
  ...PATHS,
  "/v1/stream/ses_a/events",
  "/v1/stream/ses_a/events?offset=-1&live=sse",
  "/v1/stream/ses_a/events?offset=-1&live=long-poll&cursor=x",
  "/v1/stream/ses_a/events?offset=now",
  "/v1/stream/ses_a/events?offset=zz&offset=-1",
  "/v1/stream/ses_a/inbox?",
  "/v1/stream/__ds/subscriptions/x",
  "/v1/stream/__ds",
  "/metrics",
  "/_test/inject-error",
]

/** Sends raw bytes on a connection of its own and gives all that came back within that time. */
export const exchange = (port: number, bytes: string | Buffer, patienceMs: number): Promise<string> =>
  new Promise((resolve) => {
    const chunks: Buffer[] = []
    const socket = connect({ host: "127.0.0.1", port })
    const finish = () => {
      clearTimeout(timer)
      socket.destroy()
      resolve(Buffer.concat(chunks).toString("latin1"))
    }
    const timer = setTimeout(finish, patienceMs)
    socket.on("data", (chunk) => chunks.push(chunk))
    socket.on("close", finish)
    socket.on("error", finish)
    socket.on("connect", () => socket.end(bytes))
  })

export const statusesIn = (answer: string): number[] =>
  [...answer.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status))
