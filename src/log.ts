/** One structured line: what happened (`event`) and whatever helps to understand it. Never a secret. */
export type Log = (line: Readonly<Record<string, unknown>>) => void

/** Writes each line as JSON with its time, so that a log can be read by a person and by a program. */
export const jsonLog =
  (output: { write(text: string): unknown }): Log =>
  (line) => {
    output.write(`${JSON.stringify({ at: new Date().toISOString(), ...line })}\n`)
  }

/** What a log line may say about an error: its name and sentence, and the stack only when asked for. */
export const errorFields = (error: unknown, withStack = false): Readonly<Record<string, unknown>> =>
  error instanceof Error
    ? { error: error.message, kind: error.name, ...(withStack && { stack: error.stack }) }
    : { error: String(error) }
