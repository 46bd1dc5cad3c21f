/** How a command says no: one sentence, a stable reason and an exit code that a script can tell apart. */
import { z } from "zod"
import { errorText } from "#streams/error-text"
import { AdapterError } from "../adapters.ts"
import { ConfigError } from "../config.ts"
import { PortTakenError } from "../http/server.ts"
import { Problem } from "../problem.ts"
import type { Io } from "./io.ts"
import { clean } from "./terminal.ts"

export const EXIT = { ok: 0, failed: 1, usage: 64, config: 78, cancelled: 130 } as const

/** A refusal by the command line itself. */
export class Refusal extends Error {
  override readonly name = "Refusal"
  readonly reason: string
  readonly exitCode: number
  constructor(reason: string, message: string, exitCode: number = EXIT.failed) {
    super(message)
    this.reason = reason
    this.exitCode = exitCode
  }
}

export const usage = (message: string): Refusal => new Refusal("usage", message, EXIT.usage)

interface Verdict {
  readonly reason: string
  readonly message: string
  readonly exitCode: number
}

/** What the system says, in words. */
const SYSTEM: Readonly<Record<string, string>> = {
  ENOSPC: "The disk is full: free some space and try again.",
  EDQUOT: "Your disk quota is used up: free some space and try again.",
  EROFS: "The disk is read-only: set AGENTZ_HOME to a directory that can be written.",
  EMFILE: "Too many files are open: raise the limit with `ulimit -n 4096` and try again.",
}

/** The stream server's own refusals have slugs and sentences already; these are about how it is set up. */
const ENGINE_EXIT: Readonly<Record<string, number>> = { data_dir_refused: EXIT.config }

function verdictOf(error: unknown): Verdict {
  if (error instanceof Refusal) return error
  if (error instanceof Problem) return { reason: error.reason, message: error.message, exitCode: EXIT.failed }
  if (error instanceof ConfigError)
    return { reason: error.reason, message: error.message, exitCode: EXIT.config }
  if (error instanceof AdapterError || error instanceof PortTakenError)
    return { reason: error.reason, message: error.message, exitCode: EXIT.failed }
  const message = errorText(error)
  const { code = "" } = z.object({ code: z.string() }).safeParse(error).data ?? {}
  if (/^[a-z][a-z_]+$/.test(code))
    return { reason: code, message, exitCode: ENGINE_EXIT[code] ?? EXIT.failed }
  return { reason: "internal_error", message: SYSTEM[code] ?? message, exitCode: EXIT.failed }
}

/** Tells the person, or the script, and gives the exit code. */
export function report(error: unknown, io: Io, json: boolean): number {
  const { reason, message, exitCode } = verdictOf(error)
  if (json) io.stderr.write(`${JSON.stringify({ error: { reason, message } })}\n`)
  else io.stderr.write(`agentz: ${clean(message)}\n`)
  if (io.terminal.debug && error instanceof Error) io.stderr.write(`${error.stack ?? ""}\n`)
  return exitCode
}
