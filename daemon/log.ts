/** The log of this daemon: only the user can read it, and all the same no secret is written there. */
import { writeSync } from "node:fs"
import { nothingToRedact, type Redactor } from "./redact.ts"

/** Ours, once the spec was read: it tells the lines of one daemon from those of the next in the same log. */
let epoch = 0
/** Knows the secrets that were handed to us, once the spec was read. */
let redactor = nothingToRedact

export function logAs(who: { readonly epoch: number; readonly redactor: Redactor }): void {
  epoch = who.epoch
  redactor = who.redactor
}

/** One JSON line to the log file, at once: this process may be about to end. */
export function log(event: string, message: string): void {
  const line = {
    at: new Date().toISOString(),
    pid: process.pid,
    epoch,
    event,
    message: redactor.text(message),
  }
  try {
    writeSync(2, `${JSON.stringify(line)}\n`)
  } catch {
    // The disk is full: a log that cannot be written is no reason to end the agent.
  }
}

export function logCrash(error: unknown): void {
  log("crash", error instanceof Error ? (error.stack ?? error.message) : String(error))
}
