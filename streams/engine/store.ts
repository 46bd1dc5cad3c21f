import {
  chmodSync,
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs"
import { join } from "node:path"
import { type Database, open, type RootDatabase } from "lmdb"
import { type CheckDepth, checkStoreFile } from "./check.ts"
import { DamagedRecordError, StoreDamagedError } from "./errors.ts"
import { messageKey, PRODUCER, producerKey, streamOf } from "./keys.ts"
import { type OpenedRecord, openRecord } from "./record.ts"
import { Reserve } from "./reserve.ts"
import { syncPath } from "./sync-path.ts"

/** What one transaction changes. A value of `null` removes the row. */
export interface Writes {
  readonly messages: ReadonlyArray<readonly [key: Buffer, row: Buffer | null]>
  readonly state: ReadonlyArray<readonly [key: Buffer, row: Buffer | null]>
  readonly bytes: number
}

/**
 * Where streams lie: a table of messages and a table of everything else, changed together. Reads are
 * synchronous and end in the tick they start in; one commit is in flight at a time.
 */
export interface Store {
  /** All rows of the state table, in the order of their keys. */
  readState(): Iterable<{ readonly key: Buffer; readonly payload: Buffer }>
  /** One message. Throws `DamagedRecordError` when it is not there as it was written. */
  readMessage(stream: number, position: number): OpenedRecord
  /** Makes room for a transaction of this size, or throws a `DiskRefusedError` with nothing touched. */
  reserve(writes: Writes, forDeletes: boolean): void
  /** Resolves once the transaction is on the disk. */
  commit(writes: Writes): Promise<void>
  /** Up to `limit` keys that a deleted stream left behind. */
  remains(stream: number, limit: number): { readonly messages: Buffer[]; readonly state: Buffer[] }
  fileBytes(): number
  /** Until disposed, what is on the disk now stays there: nothing of it is written over, and the file grows. */
  snapshot(): Disposable
  /** Writes a copy without the free space. */
  copyCompact(file: string): Promise<void>
  close(): Promise<void>
}

export const STORE_FILE = "data.mdb"
type Table = Database<Buffer, Buffer>

/** Throws `StoreDamagedError` instead of opening a file that would crash the process. */
export async function openStore(dir: string, depth: CheckDepth): Promise<Store> {
  const file = join(dir, STORE_FILE)
  const finding = checkStoreFile(file, depth)
  if (finding !== null) throw new StoreDamagedError(file, finding)
  if (!existsSync(file) || statSync(file).size === 0) await makeStore(file)
  const store = new LmdbStore(file)
  for (const name of readdirSync(dir)) if (name.startsWith(STORE_FILE)) chmodSync(join(dir, name), 0o600)
  syncPath(dir)
  return store
}

/** A store is there whole or not at all: a power cut while it is made leaves nothing that looks damaged. */
async function makeStore(file: string): Promise<void> {
  const made = `${file}.new`
  rmSync(made, { force: true })
  await new LmdbStore(made).close()
  rmSync(`${made}-lock`, { force: true })
  renameSync(made, file)
}

/** Opens a file without checking it. For one that this process has just written. */
export const openUnchecked = (file: string): Store => new LmdbStore(file)

class LmdbStore implements Store {
  readonly #root: RootDatabase<Buffer, Buffer>
  readonly #messages: Table
  readonly #state: Table
  readonly #fd: number
  readonly #reserve: Reserve

  constructor(file: string) {
    this.#root = open({
      path: file,
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
    this.#messages = this.#root.openDB("messages", { keyEncoding: "binary", encoding: "binary" })
    this.#state = this.#root.openDB("state", { keyEncoding: "binary", encoding: "binary" })
    this.#fd = openSync(file, "r+")
    this.#reserve = new Reserve(this.#fd, () => this.#usedBytes())
  }

  *readState(): Iterable<{ key: Buffer; payload: Buffer }> {
    for (const { key, value } of this.#state.getRange()) {
      const copy = Buffer.from(key)
      yield { key: copy, payload: openRecord(copy, value, () => "A row of the stream table").payload }
    }
  }

  readMessage(stream: number, position: number): OpenedRecord {
    const key = messageKey(stream, position)
    let row = this.#copyOf(key)
    if (row === undefined) {
      // The snapshot of this tick may be older than the newest commit.
      this.#root.resetReadTxn()
      row = this.#copyOf(key)
    }
    return openRecord(key, row, () => `Record ${position} of stream ${stream}`)
  }

  reserve(writes: Writes, forDeletes: boolean): void {
    let swept = 0
    for (const [, row] of writes.messages) if (row === null) swept++
    const scattered = writes.messages.length - swept + writes.state.length
    this.#reserve.take({ bytes: writes.bytes, scattered, swept }, forDeletes)
  }

  async commit(writes: Writes): Promise<void> {
    try {
      await this.#root.batch(() => {
        writeAll(this.#messages, writes.messages)
        writeAll(this.#state, writes.state)
      })
    } catch (error) {
      throw await realCause(error)
    }
  }

  remains(stream: number, limit: number): { messages: Buffer[]; state: Buffer[] } {
    this.#root.resetReadTxn()
    const end = messageKey(stream + 1, 0)
    const messages = [...this.#messages.getKeys({ start: messageKey(stream, 0), end, limit })].map(copyOf)
    const state: Buffer[] = []
    for (const key of this.#state.getKeys({
      start: producerKey(stream, ""),
      limit: limit - messages.length,
    })) {
      if (key[0] !== PRODUCER || streamOf(key) !== stream) break
      state.push(copyOf(key))
    }
    return { messages, state }
  }

  fileBytes(): number {
    return this.#usedBytes()
  }

  snapshot(): Disposable {
    this.#root.resetReadTxn()
    // biome-ignore lint/correctness/useHookAtTopLevel: of a database, not of React.
    const transaction = this.#root.useReadTransaction()
    return { [Symbol.dispose]: () => transaction.done() }
  }

  async copyCompact(file: string): Promise<void> {
    await this.#root.backup(file, true)
  }

  async close(): Promise<void> {
    closeSync(this.#fd)
    await this.#root.close()
  }

  /** A copy in Node's own pool costs half of the library's, which makes a new memory block for each. */
  #copyOf(key: Buffer): Buffer | undefined {
    const shared = this.#messages.getBinaryFast(key)
    if (shared === undefined) return undefined
    const row = Buffer.allocUnsafe(shared.length)
    row.set(shared.length === shared.byteLength ? shared : shared.subarray(0, shared.length))
    return row
  }

  #usedBytes(): number {
    const stats: { lastPageNumber?: number; pageSize?: number } = this.#root.getStats()
    return ((stats.lastPageNumber ?? 0) + 1) * (stats.pageSize ?? 4096)
  }
}

const copyOf = (key: Buffer): Buffer => Buffer.from(key)

/** One rejection arrives through the batch; the promises of its parts, mostly the same one, must be held too. */
function writeAll(table: Table, rows: Writes["messages"]): void {
  let held: Promise<boolean> | null = null
  for (const [key, row] of rows) {
    const promise = row === null ? table.remove(key) : table.put(key, row)
    if (promise !== held) void promise.catch(ignore)
    held = promise
  }
}

const ignore = (): undefined => undefined

/** The library hides the reason of a failed commit in a promise on the error, which must be held. */
async function realCause(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !("commitError" in error)) return error
  const hidden = await Promise.resolve(error.commitError).catch((reason: unknown) => reason)
  return hidden instanceof Error ? hidden : error
}

/** A stream's records from a position on, stopping before `until` and at about `maxBytes`. */
export function readRun(
  store: Store,
  stream: number,
  run: { from: number; until: number; maxBytes: number },
): Buffer[] {
  const payloads: Buffer[] = []
  let bytes = 0
  for (let position = run.from; position < run.until && bytes < run.maxBytes; position++) {
    try {
      const { payload } = store.readMessage(stream, position)
      if (payloads.length > 0 && bytes + payload.length > run.maxBytes) break
      payloads.push(payload)
      bytes += payload.length
    } catch (error) {
      if (error instanceof DamagedRecordError && payloads.length > 0) break
      throw error
    }
  }
  return payloads
}
