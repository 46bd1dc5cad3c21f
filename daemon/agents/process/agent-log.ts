/**
 * What an agent's process writes to its standard error: kept in two files of at most 512 KiB each, the newer one
 * and the one before, so that a chatty agent cannot fill the disk. Lines are written without the secrets that the
 * agent was given.
 */
import { appendFileSync, renameSync, statSync } from "node:fs"
import type { Redactor } from "../../redact.ts"

const FILE_LENGTH = 512 * 1024
/** A longer line is cut: what has no end must not be held in memory. */
const LINE_LENGTH = 16 * 1024
const LAST_LINES = 5

export interface AgentLog {
  write(chunk: string): void
  /** The last lines, for whoever has to say why it ended. */
  lastWords(): string
}

export function agentLog(path: string, redactor: Redactor): AgentLog {
  const last: string[] = []
  let rest = ""
  let size = statSync(path, { throwIfNoEntry: false })?.size ?? 0

  const keep = (line: string) => {
    const clean = redactor.text(line)
    if (clean.trim() !== "") last.push(clean.slice(0, 300))
    if (last.length > LAST_LINES) last.shift()
    try {
      if (size > FILE_LENGTH) {
        renameSync(path, `${path}.1`)
        size = 0
      }
      const bytes = Buffer.from(`${clean}\n`)
      appendFileSync(path, bytes, { mode: 0o600 })
      size += bytes.length
    } catch {
      // The disk is full: a log that cannot be written is no reason to end the agent.
    }
  }

  return {
    write(chunk) {
      const lines = (rest + chunk).split("\n")
      rest = lines.pop() ?? ""
      for (const line of lines) keep(line.slice(0, LINE_LENGTH))
      if (rest.length > LINE_LENGTH) {
        keep(rest.slice(0, LINE_LENGTH))
        rest = ""
      }
    },
    lastWords: () => [...last, ...(rest === "" ? [] : [redactor.text(rest).slice(0, 300)])].join("\n"),
  }
}
