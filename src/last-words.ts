/** What a dead daemon left in its log, and whether a silent one is only stopped. */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs"
import { parseStat } from "#daemon/process/identity"

const TAIL_BYTES = 4096

/** `reason` only when the log of that very epoch tells one: a killed process says nothing. */
export function lastWords(
  logFile: string,
  epoch: number,
): { readonly reason: string | null; readonly tail: string } {
  const tail = tailOf(logFile)
  const lines = tail.split("\n")
  const own = lines.flatMap((line) => {
    const said = jsonOf(line)
    return said?.epoch === epoch && typeof said.message === "string" ? [said.message] : []
  })
  const afterJson = lines.slice(lines.findLastIndex((line) => jsonOf(line) !== null) + 1).join("\n")
  if (/heap out of memory/i.test(afterJson)) return { reason: "it ran out of memory.", tail }
  const reason = own.at(-1)?.split("\n")[0] ?? null
  return reason === null ? { reason, tail: "" } : { reason, tail }
}

function jsonOf(line: string): { readonly epoch?: unknown; readonly message?: unknown } | null {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === "object" ? value : null
  } catch {
    return null
  }
}

function tailOf(path: string): string {
  try {
    const fd = openSync(path, "r")
    try {
      const { size } = fstatSync(fd)
      const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES))
      readSync(fd, bytes, 0, bytes.length, size - bytes.length)
      return bytes.toString("utf8")
    } finally {
      closeSync(fd)
    }
  } catch {
    return "" // No log, no words.
  }
}

/** Whether the system has stopped the process (SIGSTOP, a debugger): it works no more until it is woken. */
export function isStopped(pid: number): boolean {
  try {
    return /^[Tt]/.test(parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"))?.state ?? "")
  } catch {
    return false
  }
}
