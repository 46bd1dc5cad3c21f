import { type Catalog, UNRECORDED_SHARE } from "./catalog.ts"
import type { Draft } from "./draft.ts"
import { DiskRefusedError } from "./errors.ts"
import { removeExpired } from "./remove.ts"
import type { Store } from "./store.ts"
import { isExpired, type StreamMeta } from "./stream-meta.ts"

const EVERY_MS = 500
/** Small enough that other writers hardly notice a large delete. */
const KEYS_PER_SWEEP = 500

export interface MaintenanceOptions {
  readonly catalog: Catalog
  readonly store: Store
  readonly change: <T>(operation: (draft: Draft) => T) => Promise<T>
  readonly now: () => number
  readonly log: (line: Record<string, unknown>) => void
}

/** What happens without a request: streams expire, and what was deleted gives its space back. */
export class Maintenance {
  readonly #options: MaintenanceOptions
  /** When a stream's last access was written down; reads move it in memory only. */
  readonly #recorded = new Map<number, number>()
  #timer: NodeJS.Timeout | null
  #round: Promise<void> | null = null

  constructor(options: MaintenanceOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.soon(), EVERY_MS)
    this.#timer.unref()
  }

  /** Starts a round now, unless one is under way. */
  soon(): void {
    if (this.#timer === null) return
    this.#round ??= this.#run().finally(() => {
      this.#round = null
    })
  }

  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer)
    this.#timer = null
    await this.#round
  }

  async #run(): Promise<void> {
    try {
      await this.#expire()
      for (const stream of [...this.#options.catalog.trash]) await this.#sweep(stream)
    } catch (error) {
      if (!(error instanceof DiskRefusedError))
        this.#options.log({ event: "maintenance_failed", reason: String(error) })
    }
  }

  async #expire(): Promise<void> {
    const { catalog, change, now } = this.#options
    const expired: string[] = []
    const touched: StreamMeta[] = []
    for (const stream of catalog.byPath.values()) {
      const { meta } = stream
      if ((meta.ttlSeconds === null && meta.expiresAt === null) || meta.hidden) continue
      if (stream.watchers.size > 0 && meta.ttlSeconds !== null) stream.meta = { ...meta, accessedAt: now() }
      if (isExpired(stream.meta, now())) expired.push(meta.path)
      else if (this.#isUnrecorded(stream.meta)) touched.push(stream.meta)
    }
    if (expired.length + touched.length === 0) return
    await change((draft) => {
      for (const path of expired) removeExpired(draft, path)
      for (const { path } of touched) {
        const meta = draft.find(path)
        if (meta) draft.update(meta)
      }
    })
    for (const meta of touched) this.#recorded.set(meta.id, meta.accessedAt)
  }

  #isUnrecorded({ id, accessedAt, ttlSeconds }: StreamMeta): boolean {
    const recorded = this.#recorded.get(id)
    if (recorded === undefined) this.#recorded.set(id, accessedAt)
    return (
      recorded !== undefined &&
      ttlSeconds !== null &&
      accessedAt - recorded > (ttlSeconds * 1000) / UNRECORDED_SHARE
    )
  }

  async #sweep(stream: number): Promise<void> {
    const { store, change } = this.#options
    let more = true
    while (more && this.#timer !== null) {
      const rows = store.remains(stream, KEYS_PER_SWEEP)
      more = rows.messages.length + rows.state.length >= KEYS_PER_SWEEP
      const last = !more
      await change((draft) => draft.sweep(stream, rows, last))
    }
    this.#recorded.delete(stream)
  }
}
