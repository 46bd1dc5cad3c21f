import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, test } from "vitest"
import { headers, killServer, spawnServer } from "./streams-process.ts"

/** Kills the built stream server again and again, and compares what it acknowledged with what it has. */

/** One writer of one stream; every record begins with its number and is filled with it. */
class Writer {
  readonly name: string
  readonly bytes: number
  next = 0
  acknowledged = 0

  constructor(name: string, bytes: number) {
    this.name = name
    this.bytes = bytes
  }

  record(n: number): Buffer<ArrayBuffer> {
    const record = Buffer.alloc(this.bytes, n % 251)
    record.writeUInt32BE(n, 0)
    return record
  }

  /** Appends until the server dies; the number is the producer's sequence, so a retry is no duplicate. */
  async run(url: string): Promise<void> {
    for (;;) {
      const ticket = { "producer-id": "p", "producer-epoch": "0", "producer-seq": String(this.next) }
      const init = { method: "POST", headers: { ...headers, ...ticket }, body: this.record(this.next) }
      const answer = await fetch(`${url}/${this.name}`, init).catch(() => null)
      if (answer === null) return
      expect([200, 204], await answer.text()).toContain(answer.status)
      this.acknowledged = ++this.next
    }
  }

  async check(url: string): Promise<void> {
    let whole = Buffer.alloc(0)
    for (let offset = "-1"; ; ) {
      const answer = await fetch(`${url}/${this.name}?offset=${offset}`, { headers })
      expect(answer.status).toBe(200)
      whole = Buffer.concat([whole, Buffer.from(await answer.arrayBuffer())])
      offset = answer.headers.get("stream-next-offset") ?? ""
      if (answer.headers.get("stream-up-to-date")) break
    }
    const stored = whole.length / this.bytes
    expect(Number.isInteger(stored)).toBe(true)
    // Nothing acknowledged is lost, and at most the one append in flight is there beyond it.
    expect(stored).toBeGreaterThanOrEqual(this.acknowledged)
    expect(stored).toBeLessThanOrEqual(this.acknowledged + 1)
    for (let n = 0; n < stored; n++) {
      const record = whole.subarray(n * this.bytes, (n + 1) * this.bytes)
      if (!record.equals(this.record(n))) expect.fail(`record ${n} of ${this.name} is not what was sent`)
    }
  }
}

const KILLS = Number(process.env.AGENTZ_TEST_KILLS ?? 4)

test.each([
  ["200 B", 200],
  ["64 kB", 65_536],
  ["300 kB", 300_000],
  ["2 MB", 2_000_000],
  ["6 MB", 6_000_000],
])(
  "killed at any moment under appends of %s, it has all it acknowledged once, in order",
  async (_, bytes) => {
    const dir = mkdtempSync(join(tmpdir(), "agentz-kill-"))
    const seed = Date.now() % 100_000
    let random = seed
    const chance = () => {
      random = (random * 48_271) % 2_147_483_647
      return random / 2_147_483_647
    }
    let server = await spawnServer(dir)
    try {
      const writers = Array.from({ length: 4 }, (_, index) => new Writer(`s${index}`, bytes))
      for (const { name } of writers) await fetch(`${server.url}/${name}`, { method: "PUT", headers })
      for (let round = 0; round < KILLS; round++) {
        const running = writers.map((writer) => writer.run(server.url))
        await new Promise((done) => setTimeout(done, 50 + chance() * 400))
        await killServer(server)
        await Promise.all(running)
        server = await spawnServer(dir)
        for (const writer of writers) await writer.check(server.url)
      }
      const total = writers.reduce((sum, writer) => sum + writer.acknowledged, 0)
      console.log(`kills ${KILLS}, acknowledged ${total}, seed ${seed}`)
      expect(total).toBeGreaterThan(0)
    } finally {
      await killServer(server)
      rmSync(dir, { recursive: true, force: true })
    }
  },
)
