import { setTimeout as sleep } from "node:timers/promises"
import { ReadError, StreamClient, ticket } from "./streams-client.ts"
import { type ServerProcess, type SpawnOptions, spawnServer } from "./streams-process.ts"

/**
 * Kills a stream server again and again under appends, and compares what it acknowledged, and what a reader
 * was shown, with what it has. The client keeps the account: an append counts when its answer is here.
 */
export interface KillLoop {
  readonly dir: string
  readonly server?: SpawnOptions["server"]
  /** Size of each record. */
  readonly bytes: number
  readonly writers: number
  readonly kills: number
  /** A number from 0 to 1. */
  readonly chance: () => number
  /** Ends the loop before all kills are done. */
  readonly isEnough?: (report: KillReport) => boolean
}

/** Records, except for `unreadable`, which is streams. */
export interface KillReport {
  acknowledged: number
  lost: number
  duplicated: number
  /** Stored with another content, or in another place, than sent. */
  wrong: number
  unreadable: number
  /** Shown to a reader, gone after the restart. */
  unshown: number
  /** Answers to an append that are neither stored nor known already. */
  refused: number
  readonly recoveryMs: number[]
}

/** A server that takes nothing is killed all the same, after some seconds. */
const MOST_TURNS = 400

export async function killLoop(loop: KillLoop): Promise<KillReport> {
  const report: KillReport = {
    acknowledged: 0,
    lost: 0,
    duplicated: 0,
    wrong: 0,
    unreadable: 0,
    unshown: 0,
    refused: 0,
    recoveryMs: [],
  }
  const spawn = () => spawnServer(loop.dir, { server: loop.server ?? "engine" })
  let server: ServerProcess = await spawn()
  try {
    const writers = Array.from({ length: loop.writers }, (_, index) => new Writer(index, loop.bytes, report))
    {
      using client = new StreamClient(server.url)
      for (const { name } of writers) await client.create(name)
    }
    for (let round = 0; round < loop.kills; round++) {
      using client = new StreamClient(server.url)
      const running = [...writers.map((writer) => writer.write(client)), writers[0]?.follow(client)]
      const before = report.acknowledged
      await sleep(50 + loop.chance() * 400)
      // On a slow machine nothing may have been taken yet.
      for (let turn = 0; turn < MOST_TURNS && report.acknowledged === before; turn++)
        await sleep(loop.chance() * 50)
      await server.kill()
      await Promise.all(running)
      server = await spawn()
      report.recoveryMs.push(Math.round(server.startMs))
      using after = new StreamClient(server.url)
      for (const writer of writers) await writer.check(after)
      if (loop.isEnough?.(report)) return report
    }
    using last = new StreamClient(server.url)
    for (const writer of writers) await writer.checkWhole(last)
    return report
  } finally {
    await server.kill()
  }
}

/** One writer of one stream. Each record begins with its number; the number is the producer's sequence. */
class Writer {
  readonly name: string
  readonly #fill: number
  readonly #bytes: number
  readonly #report: KillReport
  #acknowledged = 0
  #shown = 0
  /** Checked so far: records, and the offset after them. */
  #checked = { records: 0, offset: "-1" }
  #isLost = false

  constructor(index: number, bytes: number, report: KillReport) {
    this.name = `s${index}`
    this.#fill = index * 7
    this.#bytes = bytes
    this.#report = report
  }

  /** Appends until the server dies. What was in flight is sent again next time: a retry is no duplicate. */
  async write(client: StreamClient): Promise<void> {
    while (!this.#isLost) {
      const body = this.#record(this.#acknowledged)
      const call = { body, headers: ticket(this.#acknowledged) }
      const answer = await client.call("POST", this.name, call).catch(() => null)
      if (answer === null) return
      if (answer.status !== 200 && answer.status !== 204) {
        this.#report.refused++
        return
      }
      this.#acknowledged++
      this.#report.acknowledged++
    }
  }

  /** Counts what a live reader is shown. */
  async follow(client: StreamClient): Promise<void> {
    let { offset } = this.#checked
    // In bytes: a long record is shown in several parts.
    let shown = this.#checked.records * this.#bytes
    while (!this.#isLost) {
      const path = `${this.name}?live=long-poll&offset=${offset}`
      const answer = await client.call("GET", path).catch(() => null)
      if (answer === null || (answer.status !== 200 && answer.status !== 204)) return
      shown += answer.body.length
      this.#shown = Math.max(this.#shown, Math.ceil(shown / this.#bytes))
      offset = String(answer.headers["stream-next-offset"])
    }
  }

  /** Compares what is new since the last check. */
  async check(client: StreamClient): Promise<void> {
    await this.#judge(client, this.#checked)
  }

  async checkWhole(client: StreamClient): Promise<void> {
    await this.#judge(client, { records: 0, offset: "-1" })
  }

  async #judge(client: StreamClient, from: { records: number; offset: string }): Promise<void> {
    if (this.#isLost) return
    const report = this.#report
    try {
      const { bytes, next } = await client.read(this.name, from.offset)
      const records = from.records + Math.floor(bytes.length / this.#bytes)
      const found = this.#count(bytes)
      // Beyond what was acknowledged there can be the one append that was in flight.
      for (let n = from.records; n <= this.#acknowledged; n++) {
        const times = found.get(n) ?? 0
        if (times === 0 && n < this.#acknowledged) report.lost++
        if (times === 0 && n < this.#shown) report.unshown++
        report.duplicated += Math.max(0, times - 1)
        found.delete(n)
      }
      // Records from before `from` that are there again, and what is no record of ours.
      for (const n of found.keys()) {
        if (n >= 0) report.duplicated++
        else report.wrong++
      }
      this.#isLost = records < this.#acknowledged || records > this.#acknowledged + 1
      this.#checked = { records, offset: next }
    } catch (error) {
      if (!(error instanceof ReadError)) throw error
      this.#isLost = true
      report.unreadable++
      report.lost += this.#acknowledged - from.records
    }
  }

  /** How often each record is there, in whatever place; what is no record of ours has a number below 0. */
  #count(bytes: Buffer): Map<number, number> {
    const found = new Map<number, number>()
    let last = -1
    for (let at = 0; at < bytes.length; at += this.#bytes) {
      const record = bytes.subarray(at, at + this.#bytes)
      const n = record.length < 4 ? -1 : record.readInt32BE(0)
      const isOurs = record.equals(this.#record(n)) && n >= last
      last = n
      const key = isOurs ? n : -1 - at
      found.set(key, (found.get(key) ?? 0) + 1)
    }
    return found
  }

  #record(n: number): Buffer {
    const record = Buffer.alloc(this.#bytes, (n + this.#fill) % 251)
    record.writeInt32BE(n, 0)
    return record
  }
}
