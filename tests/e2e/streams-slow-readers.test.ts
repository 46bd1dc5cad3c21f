import { connect } from "node:net"
import { expect, test } from "vitest"
import { tempDir } from "../support/temp-dir.ts"
import { StreamClient } from "./streams-client.ts"
import { headers, LONG, ownMemory, spawnServer } from "./streams-process.ts"
import { followStream } from "./streams-reader.ts"

const MIB = 1024 * 1024
const WHOLE = LONG ? 200 * MIB : 64 * MIB
const PIECE = 256 * 1024

/** A connection that asks for a live read and never takes anything of the answer. */
function neverRead(url: string, name: string, offset: string): Disposable {
  const { hostname, port, pathname, host } = new URL(url)
  const socket = connect(Number(port), hostname).pause()
  socket.on("error", () => undefined)
  const head = `Host: ${host}\r\nAuthorization: ${headers.authorization}`
  socket.write(`GET ${pathname}/${name}?live=sse&offset=${offset} HTTP/1.1\r\n${head}\r\n\r\n`)
  return { [Symbol.dispose]: () => void socket.destroy() }
}

const canMeasure = process.platform === "linux"
if (!canMeasure) console.log("skipped: the memory of another process is measured on Linux only")

test.skipIf(!canMeasure)(
  "40 readers that never read cost neither the server's memory nor the readers that do",
  async () => {
    await using dir = await tempDir()
    await using server = await spawnServer(dir.path)
    using client = new StreamClient(server.url)
    const append = async (name: string, n: number, bytes: number) => {
      const started = performance.now()
      const { status } = await client.call("POST", name, { body: Buffer.alloc(bytes, n % 251) })
      expect(status).toBe(204)
      return performance.now() - started
    }
    await client.create("long")
    await client.create("other")
    await client.create("warm-up")
    let most = 0
    const watch = setInterval(() => {
      most = Math.max(most, ownMemory(server.pid))
    }, 20)
    // What the same appends take without readers.
    for (let n = 0; n < 64; n++) await append("warm-up", n, PIECE)
    const before = most

    // Half of those who never read were there from the first append on, half ask for the whole stream.
    const silent = Array.from({ length: 20 }, () => neverRead(server.url, "long", "-1"))
    const readers = Array.from({ length: 10 }, () => followStream(server.url, "long"))
    const others: number[] = []
    try {
      for (let n = 0; n * PIECE < WHOLE; n++) {
        await append("long", n, PIECE)
        if (n === WHOLE / PIECE / 2)
          silent.push(...Array.from({ length: 20 }, () => neverRead(server.url, "long", "-1")))
        if (n % 8 === 0) others.push(await append("other", n, 100))
        // The client's memory is not what is measured here.
        for (const reader of readers) reader.received.length = 0
      }
      for (const reader of readers) {
        await expect
          .poll(
            () => {
              reader.received.length = 0
              return reader.bytes
            },
            { timeout: 60_000 },
          )
          .toBe(WHOLE)
      }
      const gone = async () => {
        const { body } = await client.call("GET", "../../metrics")
        return Number(/^agentz_streams_slow_readers_disconnected_total (\d+)$/m.exec(body.toString())?.[1])
      }
      await expect.poll(gone, { timeout: 30_000 }).toBe(silent.length)
    } finally {
      clearInterval(watch)
      for (const reader of [...silent, ...readers]) reader[Symbol.dispose]()
    }
    others.sort((a, b) => a - b)
    const p99 = others[Math.floor(others.length * 0.99)] ?? 0
    const median = others[Math.floor(others.length / 2)] ?? 0
    const growth = Math.round((most - before) / MIB)
    console.log(
      `${WHOLE / MIB} MiB, own memory grew by ${growth} MiB at most; other appends p50 ${median.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`,
    )
    expect(growth).toBeLessThan(64)
    expect(median).toBeLessThan(250)
  },
)
