import { createWriteStream } from "node:fs"

/** One structured line: what happened (`event`) and whatever helps to understand it. Never a secret. */
export type Log = (line: Readonly<Record<string, unknown>>) => void

/** Writes each line as JSON with its time, so that a log can be read by a person and by a program. */
export const jsonLog =
  (output: { write(text: string): unknown }): Log =>
  (line) => {
    output.write(`${JSON.stringify({ at: new Date().toISOString(), ...line })}\n`)
  }

/** A log of its own, private, added to. A line that cannot be written, on a full disk, is dropped. */
export function logFile(path: string): Disposable & { readonly log: Log } {
  const file = createWriteStream(path, { flags: "a", mode: 0o600 })
  file.on("error", () => undefined)
  return { log: jsonLog(file), [Symbol.dispose]: () => file.end() }
}

/** Says each line twice. */
export const both =
  (one: Log, other: Log): Log =>
  (line) => {
    one(line)
    other(line)
  }

/** What a log line may say about an error: its name and sentence, and the stack only when asked for. */
export const errorFields = (error: unknown, withStack = false): Readonly<Record<string, unknown>> =>
  error instanceof Error
    ? { error: error.message, kind: error.name, ...(withStack && { stack: error.stack }) }
    : { error: String(error) }
