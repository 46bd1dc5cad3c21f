import { type StreamClient, ticket } from "./streams-client.ts"

/** Many streams in use at once, on any server of the protocol: each has one writer at a time. */

export interface ManyReport {
  /** Answers to creates and appends other than 2xx. */
  failed: number
  lost: number
  duplicated: number
  unreadable: number
}

export const nameOf = (index: number): string => `many/${index}`

/** Fixed-width, so that a read of a stream can be cut into its records. */
export const recordOf = (index: number, n: number): string =>
  `${String(index).padStart(6)}:${String(n).padStart(6)};`
const WIDTH = recordOf(0, 0).length

/** Runs `work` for 0 to `count`, `width` at a time. */
export async function spread(
  count: number,
  width: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0
  const lane = async () => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: width }, lane))
}

export class ManyStreams {
  readonly report: ManyReport = { failed: 0, lost: 0, duplicated: 0, unreadable: 0 }
  readonly #count: number
  readonly #writers: number
  readonly #acknowledged: number[]
  readonly latencies: number[] = []

  constructor(count: number, writers: number) {
    this.#count = count
    this.#writers = writers
    this.#acknowledged = new Array<number>(count).fill(0)
  }

  async create(client: StreamClient): Promise<void> {
    await spread(this.#count, this.#writers, async (index) => {
      const { status } = await client.create(nameOf(index))
      if (status >= 300) this.report.failed++
    })
  }

  /** One append to each stream. One that is refused is sent again with the same sequence, as a writer would. */
  async append(client: StreamClient): Promise<void> {
    await spread(this.#count, this.#writers, async (index) => {
      const n = this.#acknowledged[index] ?? 0
      const call = { headers: ticket(n), body: recordOf(index, n) }
      const started = performance.now()
      for (let tries = 0; tries < 3; tries++) {
        const { status } = await client.call("POST", nameOf(index), call)
        if (status < 300) {
          this.#acknowledged[index] = n + 1
          break
        }
        this.report.failed++
      }
      this.latencies.push(performance.now() - started)
    })
  }

  /** Reads all streams and compares. */
  async check(client: StreamClient): Promise<void> {
    await spread(this.#count, this.#writers, async (index) => {
      const expected = this.#acknowledged[index] ?? 0
      const stored = await client.read(nameOf(index)).catch(() => null)
      if (stored === null) {
        this.report.unreadable++
        return
      }
      const text = stored.bytes.toString()
      const found = new Map<string, number>()
      for (let at = 0; at < text.length; at += WIDTH) {
        const record = text.slice(at, at + WIDTH)
        found.set(record, (found.get(record) ?? 0) + 1)
      }
      for (let n = 0; n < expected; n++) {
        const times = found.get(recordOf(index, n)) ?? 0
        if (times === 0) this.report.lost++
        this.report.duplicated += Math.max(0, times - 1)
        found.delete(recordOf(index, n))
      }
      // Stored, and the writer was told it was not.
      for (const times of found.values()) this.report.duplicated += times
    })
  }
}
