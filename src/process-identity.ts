/**
 * Which process a pid means: a bare pid is given anew to another program, so nothing is signalled by it alone.
 * Same contract as the daemon's own `process/identity`, which takes this file's place.
 */
import { readFileSync } from "node:fs"

export interface Identity {
  readonly bootId: string
  readonly pid: number
  /** As the system counts it. Compare it, do not read it. */
  readonly startTime: string
}

/** Who has this process id now; `null` when nobody has, or only a zombie. */
export function identityOf(pid: number): Identity | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1")
    // The second field is the program's name in brackets and may itself hold spaces and brackets.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    const startTime = fields[19]
    if (startTime === undefined || /^[ZXx]/.test(fields[0] ?? "")) return null
    return { bootId: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(), pid, startTime }
  } catch {
    return null
  }
}

/** Whether that very process is alive. */
export function isSame(identity: Identity): boolean {
  const now = identityOf(identity.pid)
  return now !== null && now.startTime === identity.startTime && now.bootId === identity.bootId
}

/** Signals that very process, never a later owner of its id. Tells whether the signal was sent. */
export function signal(identity: Identity, name: NodeJS.Signals): boolean {
  if (!isSame(identity)) return false
  try {
    return process.kill(identity.pid, name)
  } catch {
    return false
  }
}
