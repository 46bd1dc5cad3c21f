import { statSync } from "node:fs"
import { join } from "node:path"
import { lastTransaction } from "./check.ts"
import { type CheckPlan, planCheck } from "./check-plan.ts"
import type { Engine } from "./engine.ts"
import { DamageFoundError } from "./errors.ts"
import { type LastRun, readLastRun, writeLastRun } from "./last-run.ts"
import { bootId } from "./lock.ts"
import { STORE_FILE, type Store } from "./store.ts"
import { StoreWalk } from "./store-walk.ts"

export interface SoundnessOptions {
  readonly dir: string
  readonly log: (line: Record<string, unknown>) => void
}

/**
 * What is known of the store being whole: how much is read of it before it is opened, the rest while it is
 * served, and what the next start should know. See docs/adr/0003-store-check.md.
 */
export class Soundness {
  readonly plan: CheckPlan
  readonly #options: SoundnessOptions
  readonly #file: string
  #run: LastRun
  #walk: StoreWalk | null = null

  constructor(options: SoundnessOptions) {
    const { dir, log } = options
    this.#options = options
    this.#file = join(dir, STORE_FILE)
    const last = readLastRun(dir)
    const bytes = statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0
    const transaction = bytes > 0 ? lastTransaction(this.#file) : null
    const boot = bootId()
    this.plan = planCheck(last, { bytes, transaction, boot })
    if (last?.state === "serving")
      log({ event: "last_run_died", pid: last.pid, signal: last.signal ?? "unknown" })
    log({ event: "store_check", depth: this.plan.before, bytes, reason: this.plan.why })
    // Until the store is open: who dies of opening it must not open it unread again.
    const sound = false
    this.#run = {
      state: "serving",
      pid: process.pid,
      boot,
      transaction: null,
      sound,
      signal: null,
      damage: null,
    }
    this.#write({})
  }

  /** The store is open: from now on this server answers for it. */
  serve(store: Store, engine: Engine): void {
    if (!this.plan.walkAfter) {
      this.#write({ sound: true })
      return
    }
    this.#walk = new StoreWalk({
      file: this.#file,
      store,
      log: this.#options.log,
      onEnd: (finding) => {
        this.#walk = null
        this.#write(finding === null ? { sound: true } : { damage: finding })
        if (finding !== null) engine.refuseWrites(new DamageFoundError(finding))
      },
    })
  }

  gauges(): Record<string, number> {
    return {
      store_walk_pending: this.#walk === null ? 0 : 1,
      store_damaged: this.#run.damage === null ? 0 : 1,
    }
  }

  /** Before the store is closed. */
  stopWalk(): void {
    this.#walk?.stop()
    this.#walk = null
  }

  /** The store is closed, and everything is in its file. */
  closed(): void {
    this.#write({ state: "closed", transaction: lastTransaction(this.#file) })
  }

  #write(changes: Partial<LastRun>): void {
    this.#run = { ...this.#run, ...changes }
    writeLastRun(this.#options.dir, this.#run)
  }
}
