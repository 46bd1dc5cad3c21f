import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/** What is known of the last server on a directory, and of the store it left. */
export interface LastRun {
  readonly state: "serving" | "closed"
  readonly pid: number
  /** Which start of the machine it ran in; empty where the system does not tell. */
  readonly boot: string
  /** The store's last transaction when it was closed. */
  readonly transaction: number | null
  /** The whole file is known to be sound: read through by this server, or closed well by one that knew it. */
  readonly sound: boolean
  /** What ended it, where somebody saw. */
  readonly signal: string | null
  /** What it found broken in the store while it served. */
  readonly damage: string | null
}

const NAME = "last-run.json"

/** `null` when there was none, or it is not ours to understand. */
export function readLastRun(dir: string): LastRun | null {
  try {
    const run = JSON.parse(readFileSync(join(dir, NAME), "utf8"))
    return run?.state === "serving" || run?.state === "closed" ? run : null
  } catch {
    return null // A hint that is missing costs a longer check, nothing else.
  }
}

/**
 * Not synced: should the system forget it, the transaction number does not fit, and the store is checked. Where it
 * cannot be written, on a full disk, the note before it is taken away: no note costs a longer check, an old one
 * would be believed.
 */
export function writeLastRun(dir: string, run: LastRun): void {
  const draft = join(dir, `${NAME}.${run.pid}`)
  try {
    writeFileSync(draft, `${JSON.stringify(run)}\n`, { mode: 0o600 })
    renameSync(draft, join(dir, NAME))
  } catch {
    forget(draft)
    forget(join(dir, NAME))
  }
}

function forget(file: string): void {
  try {
    rmSync(file, { force: true })
  } catch {
    // A disk that takes no removal either, such as a read-only one, has changed nothing that the note tells of.
  }
}

/** For whoever started the server and saw it die: a death by a broken store asks for a longer check. */
export function recordDeath(dir: string, death: { readonly pid: number; readonly signal: string }): void {
  const run = readLastRun(dir)
  if (run?.state === "serving" && run.pid === death.pid) writeLastRun(dir, { ...run, signal: death.signal })
}
