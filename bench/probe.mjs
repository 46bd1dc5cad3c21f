// The least a stream server on LMDB over HTTP can do, to measure the engine against: one POST is one append in a
// durable, shared transaction, with the producer's state in the stream's row. It checks nothing: no protocol, no
// checksums, no limits, no token. node bench/probe.mjs DIR
import { createServer } from "node:http"
import { join } from "node:path"
import { open } from "lmdb"

const root = open({
  path: join(process.argv[2], "data.mdb"),
  noSubdir: true,
  encoding: "binary",
  keyEncoding: "binary",
  compression: false,
  cache: false,
  maxDbs: 4,
  maxReaders: 64,
  overlappingSync: false,
  eventTurnBatching: false,
  useWritemap: false,
  noSync: false,
  noMemInit: true,
})
const messages = root.openDB("messages", { keyEncoding: "binary", encoding: "binary" })
const rows = root.openDB("rows", { keyEncoding: "binary", encoding: "binary" })

/** @typedef {{ id: number, next: number, producer: string, readers: Set<import("node:http").ServerResponse> }} Stream */
/** @type {Map<string, Stream>} */
const streams = new Map()
/** @type {{ stream: Stream, body: Buffer, producer: string, response: import("node:http").ServerResponse }[]} */
let waiting = []
let running = false

const keyOf = (id, position) => {
  const key = Buffer.allocUnsafe(10)
  key.writeUInt32BE(id, 0)
  key.writeUIntBE(position, 4, 6)
  return key
}
const rowKeyOf = (id) => {
  const key = Buffer.allocUnsafe(4)
  key.writeUInt32BE(id, 0)
  return key
}

async function drain() {
  running = true
  while (true) {
    await new Promise((resolve) => setImmediate(resolve))
    if (waiting.length === 0) break
    const batch = waiting
    waiting = []
    await root.batch(() => {
      const touched = new Set()
      for (const { stream, body, producer } of batch) {
        messages.put(keyOf(stream.id, stream.next++), body)
        stream.producer = producer
        touched.add(stream)
      }
      for (const { id, next, producer } of touched)
        rows.put(rowKeyOf(id), Buffer.from(`{"next":${next},"producer":"${producer}"}`))
    })
    for (const { stream, body, response } of batch) {
      response.writeHead(200, ["stream-next-offset", String(stream.next), "content-length", "0"])
      response.end()
      if (stream.readers.size === 0) continue
      const event = `event: data\ndata:[${body}]\n\n`
      for (const reader of stream.readers) reader.write(event)
    }
  }
  running = false
}

function append(request, response, stream) {
  const chunks = []
  request.on("data", (chunk) => chunks.push(chunk))
  request.on("end", () => {
    const { "producer-id": id, "producer-epoch": epoch, "producer-seq": seq } = request.headers
    const body = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)
    waiting.push({ stream, body, producer: `${id}:${epoch}:${seq}`, response })
    if (!running) void drain()
  })
}

const WINDOW = 1 << 20
const [OPEN, COMMA, CLOSE] = ["[", ",", "]"].map((text) => Buffer.from(text))

function replay(response, stream, from) {
  const parts = [OPEN]
  let bytes = 0
  let position = from
  const end = keyOf(stream.id, stream.next)
  for (const { value } of messages.getRange({ start: keyOf(stream.id, from), end })) {
    if (position > from) parts.push(COMMA)
    parts.push(value)
    position++
    bytes += value.length
    if (bytes >= WINDOW) break
  }
  parts.push(CLOSE)
  const body = Buffer.concat(parts)
  const headers = ["stream-next-offset", String(position), "content-length", String(body.length)]
  if (position === stream.next) headers.push("stream-up-to-date", "true")
  response.writeHead(200, headers)
  response.end(body)
}

const server = createServer((request, response) => {
  const [path, query = ""] = request.url.split("?")
  const stream = streams.get(path)
  if (request.method === "POST") return append(request, response, stream)
  if (request.method === "PUT") {
    streams.set(path, { id: streams.size + 1, next: 0, producer: "", readers: new Set() })
    response.writeHead(201, ["content-length", "0"])
    return response.end()
  }
  if (!query.includes("live=sse")) {
    return replay(response, stream, Math.max(0, Number(/offset=(-?\d+)/.exec(query)?.[1] ?? 0)))
  }
  response.writeHead(200, { "content-type": "text/event-stream" })
  response.flushHeaders()
  stream.readers.add(response)
  response.once("close", () => stream.readers.delete(response))
})
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/v1/stream`))
