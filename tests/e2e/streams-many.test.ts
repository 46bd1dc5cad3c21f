import { expect, test } from "vitest"
import { tempDir } from "../support/temp-dir.ts"
import { StreamClient } from "./streams-client.ts"
import { ManyStreams, nameOf, recordOf, spread } from "./streams-many.ts"
import { LONG, ownMemory, spawnServer } from "./streams-process.ts"
import { followStream } from "./streams-reader.ts"

const STREAMS = 10_000
const READERS = 300
const ROUNDS = LONG ? 10 : 2
const MIB = 1024 * 1024

test("10,000 streams with 32 writers and 300 live readers: all is taken, heard and kept once", async () => {
  await using dir = await tempDir()
  const streams = new ManyStreams(STREAMS, 32)
  const timed = async (what: string, requests: number, work: Promise<void>) => {
    const started = performance.now()
    await work
    const seconds = (performance.now() - started) / 1000
    console.log(
      `${what}: ${requests} in ${seconds.toFixed(1)} s, ${Math.round(requests / seconds)} per second`,
    )
  }
  {
    await using server = await spawnServer(dir.path)
    using client = new StreamClient(server.url)
    await timed("creates", STREAMS, streams.create(client))
    const readers = Array.from({ length: READERS }, (_, index) => followStream(server.url, nameOf(index)))
    for (let n = 0; n < ROUNDS; n++) await timed("appends", STREAMS, streams.append(client))
    for (const [index, reader] of readers.entries()) {
      const whole = Array.from({ length: ROUNDS }, (_, n) => recordOf(index, n)).join("")
      await expect.poll(() => reader.bytes, { timeout: 10_000 }).toBeGreaterThanOrEqual(whole.length)
      expect(Buffer.concat(reader.received).toString()).toBe(whole)
      expect(reader.ended).toBe(false)
      reader[Symbol.dispose]()
    }
    streams.latencies.sort((a, b) => a - b)
    const p99 = streams.latencies[Math.floor(streams.latencies.length * 0.99)] ?? 0
    const memory = ownMemory(server.pid)
    console.log(`append p99 ${p99.toFixed(1)} ms, own memory ${Math.round(memory / MIB)} MiB`)
    expect(memory).toBeLessThan(200 * MIB)
  }

  // The server was killed, not stopped.
  await using server = await spawnServer(dir.path)
  console.log(`started again with ${STREAMS} streams in ${Math.round(server.startMs)} ms`)
  expect(server.startMs).toBeLessThan(5_000)
  using client = new StreamClient(server.url)
  await timed("reads", STREAMS, streams.check(client))
  await timed("appends", STREAMS, streams.append(client))
  await spread(READERS, 32, async (index) => {
    const { bytes } = await client.read(nameOf(index))
    expect(bytes.toString().endsWith(recordOf(index, ROUNDS))).toBe(true)
  })
  expect(streams.report).toEqual({ failed: 0, lost: 0, duplicated: 0, unreadable: 0 })
})
