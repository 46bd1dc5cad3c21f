/**
 * Ends everything that some work started, not just the process we know of: children that left their group, that
 * were given to init when their parent died, or that are born while we look. They are found by the control group they
 * are in, which none of them leaves by accident; by an entry of their environment, which they inherit; and by descent.
 */
import { setTimeout as sleep } from "node:timers/promises"
import { type Identity, signal } from "./identity.ts"
import { type Process, snapshot } from "./snapshot.ts"

export interface Tree {
  /** An environment entry that every process of the tree was started with, e.g. `["AGENTZ_SESSION", id]`. */
  readonly marker?: readonly [name: string, value: string]
  /** Processes to end with their descendants; where one leads a process group, with the group. */
  readonly roots?: readonly Identity[]
  /** What else shows that a process is of the tree. It must be sure: whoever belongs is ended. */
  readonly belongs?: (process: Process) => boolean
  /** Ends at once what the system can end at once; asked for when the time to end by itself is over. */
  readonly killAtOnce?: () => void
}

/** The living processes of a tree. Never this process itself or one of its ancestors. */
export function processesOf({ marker, roots = [], belongs }: Tree): readonly Process[] {
  const all = snapshot()
  const ours = ancestorsOf(process.pid, all)
  const found = new Set<Process>()
  const included = new Set<number>()
  for (const root of roots) {
    const holder = all.find(({ pid }) => pid === root.pid)
    // The number of a group is not given out again while the group has members: without a leader it is still ours.
    const isOurs =
      holder === undefined || (holder.startTime === root.startTime && holder.bootId === root.bootId)
    if (isOurs && !ours.has(root.pid)) included.add(root.pid)
  }

  for (const one of all)
    if (
      included.has(one.pid) ||
      included.has(one.group) ||
      (marker && one.carries(...marker)) ||
      belongs?.(one)
    )
      found.add(one)

  for (let size = -1; size !== found.size; ) {
    size = found.size
    for (const one of found) included.add(one.pid)
    for (const one of all) if (included.has(one.parent) && !ours.has(one.parent)) found.add(one)
  }
  return [...found].filter(({ pid }) => !ours.has(pid))
}

function ancestorsOf(pid: number, all: readonly Process[]): ReadonlySet<number> {
  const parents = new Map(all.map((one) => [one.pid, one.parent]))
  const line = new Set<number>()
  for (let one: number | undefined = pid; one && !line.has(one); one = parents.get(one)) line.add(one)
  return line
}

const PASS_MS = 20
/** A process in uninterruptible sleep cannot be killed; we do not wait for it for ever. */
const KILL_LIMIT_MS = 8_000

/**
 * SIGTERM to all, after `graceMs` SIGKILL to those that are left, until two looks in a row find nobody.
 * Returns who could not be ended: empty but for processes stuck in the kernel or owned by somebody else.
 */
export async function killTree({ graceMs, ...tree }: Tree & { readonly graceMs: number }): Promise<{
  readonly found: number
  readonly survivors: readonly Identity[]
}> {
  const seen = new Set<string>()
  const asked = new Set<string>()
  const started = performance.now()
  let survivors: readonly Identity[] = []

  for (let quiet = 0; quiet < 2; ) {
    survivors = processesOf(tree)
    quiet = survivors.length === 0 ? quiet + 1 : 0
    const elapsed = performance.now() - started
    if (elapsed > graceMs + KILL_LIMIT_MS) break
    // One by one a family that forks all the time may outrun us; the kernel ends it between two forks.
    if (elapsed >= graceMs && survivors.length > 0) tree.killAtOnce?.()

    for (const one of survivors) {
      const key = `${one.pid} ${one.startTime}`
      seen.add(key)
      if (elapsed >= graceMs) signal(one, "SIGKILL")
      else if (!asked.has(key)) {
        asked.add(key)
        signal(one, "SIGTERM")
      }
    }
    if (survivors.length > 0) await sleep(PASS_MS)
  }
  return { found: seen.size, survivors }
}
