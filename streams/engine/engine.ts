import { Catalog, type Delta, type Stream, type Watcher } from "./catalog.ts"
import { CommitQueue, type CommitReport } from "./commit-queue.ts"
import { type Created, type CreateRequest, createStream } from "./create.ts"
import type { Draft } from "./draft.ts"
import { LiveReaders } from "./live-readers.ts"
import { Maintenance } from "./maintenance.ts"
import { Metrics } from "./metrics.ts"
import { formatOffset } from "./offset.ts"
import { Change, type Operation, type Size } from "./operation.ts"
import { removeStream } from "./remove.ts"
import { readRun, type Store } from "./store.ts"
import { isExpired, type StreamMeta } from "./stream-meta.ts"
import { visible } from "./visible.ts"

export interface EngineOptions {
  readonly store: Store
  readonly onFatal: (error: Error) => void
  readonly log: (line: Record<string, unknown>) => void
  readonly now?: () => number
  readonly watchdogMs?: number
}

/** Hears of every commit, after it is durable. */
export type CommitListener = (deltas: ReadonlyArray<readonly [Stream, Delta]>) => void

export interface Run {
  readonly payloads: readonly Buffer[]
  readonly next: number
}

/** Streams on a store: every change is durable before its promise resolves, reads see only durable things. */
export class Engine {
  readonly metrics = new Metrics()
  readonly readers = new LiveReaders()
  readonly catalog: Catalog
  readonly now: () => number
  readonly log: (line: Record<string, unknown>) => void
  readonly #store: Store
  readonly #queue: CommitQueue
  readonly #maintenance: Maintenance
  readonly #listeners = new Set<CommitListener>()

  constructor(options: EngineOptions) {
    this.now = options.now ?? Date.now
    this.log = options.log
    this.#store = options.store
    this.catalog = Catalog.load(options.store)
    this.#queue = new CommitQueue({
      store: options.store,
      catalog: this.catalog,
      now: this.now,
      watchdogMs: options.watchdogMs ?? 10_000,
      onCommit: (deltas, report) => this.#committed(deltas, report),
      onFatal: options.onFatal,
    })
    this.#maintenance = new Maintenance({
      catalog: this.catalog,
      store: options.store,
      change: (operation) => this.change(operation, { frees: true }),
      now: this.now,
      log: this.log,
    })
  }

  create(request: CreateRequest): Promise<Created> {
    return this.change((draft) => createStream(draft, request), { bytes: request.body.length })
  }

  async remove(path: string): Promise<void> {
    await this.change((draft) => removeStream(draft, path), { frees: true })
    this.#maintenance.soon()
  }

  /** Runs any change in the next transaction, in order with all others. */
  change<T>(change: (draft: Draft) => T, size: Size = {}): Promise<T> {
    const operation = new Change(change, size)
    this.#queue.submit(operation)
    return operation.done
  }

  /** The same for an operation that answers by itself. */
  submit(operation: Operation): void {
    this.#queue.submit(operation)
  }

  /** The stream a request names. Throws a `Refusal` when it does not exist (any more). */
  find(path: string): Stream {
    const stream = this.catalog.byPath.get(path)
    visible(stream?.meta, this.now())
    if (!stream) throw new Error("a stream without a meta cannot be visible")
    return stream
  }

  /** Where a stream ends; the very beginning for one that is not there. */
  tailOf(path: string): string {
    const meta = this.catalog.byPath.get(path)?.meta
    return formatOffset(meta && !meta.hidden && !isExpired(meta, this.now()) ? meta.next : 0)
  }

  /** A read or a write keeps a stream with a time to live alive. */
  touch(stream: Stream): void {
    if (stream.meta.ttlSeconds !== null) stream.meta = { ...stream.meta, accessedAt: this.now() }
  }

  /** Records from a position on, about `maxBytes` of them. Throws when the next one is damaged. */
  read(stream: Stream, from: number, maxBytes: number): Run {
    const { meta } = stream
    const payloads: Buffer[] = []
    let bytes = 0
    let position = from
    while (position < meta.next && bytes < maxBytes) {
      const owner = this.#ownerAt(meta, position)
      const run = readRun(this.#store, owner.id, {
        from: position,
        until: owner.until,
        maxBytes: maxBytes - bytes,
      })
      for (const payload of run) bytes += payload.length
      payloads.push(...run)
      position += run.length
      if (position < owner.until) break
    }
    this.metrics.count("read_bytes", bytes)
    return { payloads, next: position }
  }

  watch(stream: Stream, watcher: Watcher): () => void {
    stream.watchers.add(watcher)
    return () => stream.watchers.delete(watcher)
  }

  onCommit(listener: CommitListener): void {
    this.#listeners.add(listener)
  }

  /** The store is damaged: no more writes, while what is sound can still be read. */
  refuseWrites(error: Error): void {
    this.#queue.refuse(error)
  }

  gauges(): Record<string, number> {
    return {
      streams: this.catalog.byPath.size,
      trash: this.catalog.trash.size,
      queued_operations: this.#queue.length,
      store_bytes: this.#store.fileBytes(),
      ...this.readers.gauges(),
    }
  }

  /** Finishes what was taken, then closes the store. */
  async close(): Promise<void> {
    await this.#maintenance.stop()
    await this.#queue.close()
    await this.#store.close()
  }

  /** Who holds the record at a position, and up to where. */
  #ownerAt(meta: StreamMeta, position: number): { id: number; until: number } {
    let until = meta.next
    let owner = meta
    while (owner.fork && position < owner.fork.at) {
      until = Math.min(until, owner.fork.at)
      const source = this.catalog.byId.get(owner.fork.source)
      if (!source) break
      owner = source.meta
    }
    return { id: owner.id, until }
  }

  #committed(deltas: ReadonlyArray<readonly [Stream, Delta]>, report: CommitReport): void {
    this.metrics.count("commits")
    this.metrics.count("operations", report.operations)
    this.metrics.count("committed_bytes", report.bytes)
    this.metrics.commit(report.seconds)
    try {
      for (const [stream, delta] of deltas) {
        if (stream.watchers.size > 0) for (const watcher of [...stream.watchers]) watcher(delta)
      }
      for (const listener of this.#listeners) listener(deltas)
    } catch (error) {
      // A reader that fails is its own matter: the commit stands.
      this.log({ event: "reader_failed", reason: String(error) })
    }
  }
}
