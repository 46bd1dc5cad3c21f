import { type ChildProcess, spawn } from "node:child_process"
import { constants, setPriority } from "node:os"
import { fileURLToPath } from "node:url"
import type { Store } from "./store.ts"

export interface StoreWalkOptions {
  readonly file: string
  readonly store: Pick<Store, "snapshot" | "fileBytes">
  readonly log: (line: Record<string, unknown>) => void
  /** Called once, unless the server stops before: with what is wrong, or `null`. */
  readonly onEnd: (finding: string | null) => void
  readonly program?: string
  readonly retryMs?: number
  readonly growthBytes?: number
}

const PROGRAM = fileURLToPath(new URL("./check-main.js", import.meta.url))
const LOOK_EVERY_MS = 250
/** While the file is read no page of it can be used again, so under load it grows. This much is allowed. */
const GROWTH_BYTES = 128 * 1024 * 1024
const RETRY_MS = 60_000

/** Reads the whole store while the server serves: in a child of the lowest priority, on one snapshot. */
export class StoreWalk {
  readonly #options: StoreWalkOptions
  #child: ChildProcess | null = null
  #snapshot: Disposable | null = null
  #retry: NodeJS.Timeout | null = null
  #stopped = false

  constructor(options: StoreWalkOptions) {
    this.#options = options
    this.#start()
  }

  stop(): void {
    this.#stopped = true
    if (this.#retry) clearTimeout(this.#retry)
    this.#child?.kill("SIGKILL")
    this.#letGo()
  }

  #letGo(): void {
    this.#snapshot?.[Symbol.dispose]()
    this.#snapshot = null
  }

  #start(): void {
    const { file, store, log, program = PROGRAM } = this.#options
    this.#snapshot = store.snapshot()
    const began = { at: performance.now(), bytes: store.fileBytes() }
    const child = spawn(process.execPath, [program, file], { stdio: ["ignore", "pipe", "ignore"] })
    this.#child = child
    lower(child)
    let said = ""
    let grown = false
    child.stdout.on("data", (text) => {
      said += text
    })
    const look = setInterval(() => {
      grown = store.fileBytes() - began.bytes > (this.#options.growthBytes ?? GROWTH_BYTES)
      if (grown) child.kill("SIGKILL")
    }, LOOK_EVERY_MS)
    const end = (reason: string | null) => {
      clearInterval(look)
      this.#letGo()
      this.#child = null
      if (this.#stopped) return
      const finding = reason === null ? parse(said) : undefined
      const seconds = Number(((performance.now() - began.at) / 1000).toFixed(1))
      if (finding !== undefined) {
        log({ event: "store_walked", seconds, finding })
        this.#options.onEnd(finding)
        return
      }
      log({ event: "store_walk_postponed", reason: grown ? "there is too much to do" : reason })
      this.#retry = setTimeout(() => this.#start(), this.#options.retryMs ?? RETRY_MS)
      this.#retry.unref()
    }
    child.once("error", (error) => end(error.message))
    child.once("close", (code, signal) => end(code === 0 ? null : `it ended with ${signal ?? code}`))
  }
}

function lower(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW)
  } catch {
    return // It may be over already, and a system may not let us: it then reads at our own priority.
  }
}

/** `undefined` when it said nothing that can be understood. */
function parse(said: string): string | null | undefined {
  try {
    const finding: unknown = JSON.parse(said)
    return finding === null || typeof finding === "string" ? finding : undefined
  } catch {
    return undefined
  }
}
