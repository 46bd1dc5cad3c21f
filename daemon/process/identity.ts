/**
 * A process id is used again by the system; a process id with its start time and the boot it belongs to is not.
 * Whoever signals or believes in a process goes through here.
 */
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { isMissing } from "../missing.ts"

export interface Identity {
  readonly bootId: string
  readonly pid: number
  /** As the system counts it: clock ticks since boot (Linux) or a date (macOS). Compare it, do not read it. */
  readonly startTime: string
}

/** Who has this process id now. `null` when nobody has, or only a zombie that waits to be reaped. */
export function identityOf(pid: number): Identity | null {
  const found = holderOf(pid)
  return found === null || isDead(found.state) ? null : found.identity
}

/** Who a child is or was that is not reaped yet: until then nobody else can have its number. */
export const identityOfChild = (pid: number): Identity | null => holderOf(pid)?.identity ?? null

function holderOf(pid: number): { readonly state: string; readonly identity: Identity } | null {
  if (!Number.isSafeInteger(pid) || pid <= 0) return null
  const found = process.platform === "linux" ? linuxStat(pid) : psStat(pid)
  return found && { state: found.state, identity: { bootId: bootId(), pid, startTime: found.startTime } }
}

/** Whether that very process is alive. Zombies are dead. */
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

export interface Stat {
  readonly state: string
  readonly parent: number
  readonly group: number
  readonly startTime: string
}

/** Reads `/proc/<pid>/stat`. The name in it may hold spaces and brackets, so fields count from its last bracket. */
export function parseStat(stat: string): Stat | null {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  const [state, parent, group] = fields
  const startTime = fields[19]
  if (!state || !parent || !group || !startTime) return null
  return { state, parent: Number(parent), group: Number(group), startTime }
}

export const isDead = (state: string): boolean => /^[ZXx]/.test(state)

type Found = Pick<Stat, "state" | "startTime">

function linuxStat(pid: number): Found | null {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"))
  } catch (error) {
    // Anything else, too many open files for one, says nothing about that process: whoever asked must not think it dead.
    if (isMissing(error)) return null
    throw error
  }
}

function psStat(pid: number): Found | null {
  try {
    const line = ps("-o", "state=,lstart=", "-p", String(pid)).trim()
    const [state, ...startTime] = line.split(/\s+/)
    return state ? { state, startTime: startTime.join(" ") } : null
  } catch {
    return null
  }
}

export const ps = (...options: string[]): string =>
  execFileSync("/bin/ps", options, { encoding: "utf8", env: { LC_ALL: "C" }, maxBuffer: 64 * 1024 * 1024 })

let knownBootId: string | undefined

/** Of the running system: a pid of another boot names nobody. */
export function bootId(): string {
  knownBootId ??= (
    process.platform === "linux"
      ? readFileSync("/proc/sys/kernel/random/boot_id", "utf8")
      : execFileSync("/usr/sbin/sysctl", ["-n", "kern.boottime"], { encoding: "utf8" })
  ).trim()
  return knownBootId
}
