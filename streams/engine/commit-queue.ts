import type { Catalog, Delta, Stream } from "./catalog.ts"
import { Draft } from "./draft.ts"
import { CommitFailedError, DiskRefusedError, StoppingError } from "./errors.ts"
import type { Operation } from "./operation.ts"
import type { Store, Writes } from "./store.ts"

export interface CommitReport {
  readonly operations: number
  readonly bytes: number
  readonly seconds: number
}

export interface CommitQueueOptions {
  readonly store: Store
  readonly catalog: Catalog
  readonly now: () => number
  /** A commit that takes longer has hung: the library can do that after a failed write. */
  readonly watchdogMs: number
  readonly onCommit: (deltas: ReadonlyArray<readonly [Stream, Delta]>, report: CommitReport) => void
  readonly onFatal: (error: Error) => void
}

const MOST_OPERATIONS = 1000
const MOST_BYTES = 8 * 1024 * 1024
const MOST_TURNS = 10
/** So many new operations make waiting for another turn of the loop worth it. */
const WORTH_A_TURN = 8

/**
 * The one place where streams change. Everything that waits shares the next transaction; the following one
 * starts when it is on the disk, so a retry can never be judged by something that was not kept.
 */
export class CommitQueue {
  readonly #options: CommitQueueOptions
  #waiting: Operation[] = []
  #running: Promise<void> | null = null
  #refusal: Error | null = null

  constructor(options: CommitQueueOptions) {
    this.#options = options
  }

  get length(): number {
    return this.#waiting.length
  }

  /**
   * Runs an operation in the next transaction. It is told when that is durable, or why it will not be. Operations
   * that free space are let through on a full disk, where others get `DiskRefusedError`.
   */
  submit(operation: Operation): void {
    if (this.#refusal) {
      operation.reject(this.#refusal)
      return
    }
    this.#waiting.push(operation)
    this.#running ??= this.#drain()
  }

  /** Takes no more: every further operation is told why. */
  refuse(error: Error): void {
    this.#refusal ??= error
  }

  /** Takes no more, and resolves when what was taken is settled. */
  async close(): Promise<void> {
    this.#refusal ??= new StoppingError()
    await this.#running
  }

  async #drain(): Promise<void> {
    while (true) {
      await this.#gather()
      const batch = this.#take()
      if (batch.length === 0) break
      if (this.#refusal instanceof CommitFailedError) {
        for (const waiting of batch) waiting.reject(this.#refusal)
      } else await this.#commit(batch)
    }
    this.#running = null
  }

  /**
   * What arrives in the same turn of the loop joins the same transaction. While many arrive in each turn, a
   * transaction for all of them is sooner done than several.
   */
  async #gather(): Promise<void> {
    let before = 0
    for (let turn = 0; turn < MOST_TURNS; turn++) {
      await new Promise((resolve) => setImmediate(resolve))
      if (this.#waiting.length - before < WORTH_A_TURN) return
      before = this.#waiting.length
    }
  }

  #take(): readonly Operation[] {
    let bytes = 0
    let count = 0
    while (count < this.#waiting.length && count < MOST_OPERATIONS) {
      bytes += this.#waiting[count]?.weight ?? 0
      if (count > 0 && bytes > MOST_BYTES) break
      count++
    }
    if (count < this.#waiting.length) return this.#waiting.splice(0, count)
    const all = this.#waiting
    this.#waiting = []
    return all
  }

  async #commit(batch: readonly Operation[]): Promise<void> {
    const { store, catalog, now, onCommit } = this.#options
    const draft = new Draft(catalog, store, now())
    for (const waiting of batch) waiting.run(draft)
    const writes = draft.writes()
    if (writes.messages.length + writes.state.length > 0) {
      const started = performance.now()
      try {
        store.reserve(
          writes,
          batch.every((waiting) => waiting.frees),
        )
        await this.#withWatchdog(writes)
      } catch (error) {
        return await this.#failed(batch, error)
      }
      const seconds = (performance.now() - started) / 1000
      const deltas = draft.apply()
      for (const waiting of batch) waiting.settle()
      onCommit(deltas, { operations: batch.length, bytes: writes.bytes, seconds })
    } else for (const waiting of batch) waiting.settle()
  }

  async #failed(batch: readonly Operation[], error: unknown): Promise<void> {
    if (error instanceof DiskRefusedError) {
      const freeing = batch.filter((waiting) => waiting.frees)
      for (const waiting of batch)
        if (!waiting.frees || freeing.length === batch.length) waiting.reject(error)
      if (freeing.length > 0 && freeing.length < batch.length) await this.#commit(freeing)
      return
    }
    const failure =
      error instanceof CommitFailedError
        ? error
        : new CommitFailedError("The store could not commit. The stream server must start again.", error)
    this.#refusal = failure
    for (const waiting of batch) waiting.reject(failure)
    this.#options.onFatal(failure)
  }

  async #withWatchdog(writes: Writes): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const hung = new Promise<never>((_, reject) => {
      const bark = () =>
        reject(new CommitFailedError("A commit did not end. The stream server must start again."))
      timer = setTimeout(bark, this.#options.watchdogMs)
    })
    try {
      await Promise.race([this.#options.store.commit(writes), hung])
    } finally {
      clearTimeout(timer)
    }
  }
}
