/**
 * How surely the processes of a session can be found and ended, the best that this machine offers:
 *
 * - `cgroup`: the kernel keeps the list of them and ends them all at once. Memory and processes are limited by it.
 * - `namespace`: each program of the daemon is the first of a world of processes that ends with it.
 * - `marker`: by an entry of their environment, their process group and their parents. A process that clears its
 *   environment, leaves its group and outlives its parents is missed.
 */
import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { type CgroupBase, cgroupBase, makeGroup, removeGroup } from "./cgroup.ts"
import { findProgram } from "./program.ts"

export const ISOLATIONS = ["cgroup", "namespace", "marker"] as const
export type IsolationKind = (typeof ISOLATIONS)[number]

export type Isolation =
  | { readonly kind: "cgroup"; readonly base: CgroupBase }
  /** What goes before a program to make it the first of its own world. */
  | { readonly kind: "namespace"; readonly prefix: readonly string[] }
  | { readonly kind: "marker" }

/** The best that works here when tried, not better than `wanted`. `name` is that of a group to try it with. */
export function chooseIsolation(name: string, wanted: IsolationKind = "cgroup"): Isolation {
  if (process.platform !== "linux") return { kind: "marker" }
  return (
    (wanted === "cgroup" ? cgroupIsolation(name) : null) ??
    (wanted === "marker" ? null : namespaceIsolation()) ?? { kind: "marker" }
  )
}

/** Programs of the system, wherever ours were started from. */
const SYSTEM_PATH = "/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin"
export const systemProgram = (name: string): string | null => findProgram(name, { path: SYSTEM_PATH })

const TRY_MS = 5_000

const works = (argv: readonly string[]): boolean => {
  const [program = "", ...args] = argv
  return spawnSync(program, args, { stdio: "ignore", timeout: TRY_MS, cwd: "/" }).status === 0
}

/** Enters the groups and becomes the program: nothing of it ever runs outside. */
const ENTER = `n=$1; shift
while [ "$n" -gt 0 ]; do
  echo 0 > "$1" || { echo "agentz: this command could not be confined and was not run" >&2; exit 126; }
  shift; n=$((n - 1))
done
exec "$@"`

export const entering = (groups: readonly string[]): string[] => [
  "/bin/sh",
  "-c",
  ENTER,
  "sh",
  String(groups.length),
  ...groups.map((dir) => join(dir, "cgroup.procs")),
]

/** A group can be made where we may not put a process into it, so it is tried. */
function cgroupIsolation(name: string): Isolation | null {
  const base = cgroupBase()
  if (!base) return null
  const tried = (groups: readonly string[]) => {
    try {
      for (const dir of groups) makeGroup(dir)
      return works([...entering(groups), "/bin/sh", "-c", ":"])
    } catch {
      return false
    } finally {
      for (const dir of groups) removeGroup(dir)
    }
  }
  const probe = (dir: string) => join(dir, `${name}-try`)
  const { kill, memory, processes } = base
  const dirs = new Set([kill, ...[memory, processes].flatMap((place) => place?.dir ?? [])])
  // Nearly always all of them can be used, and one program tells.
  if (tried([...dirs].map(probe))) return { kind: "cgroup", base }
  if (!tried([probe(kill)])) return null
  const limiter = (place: CgroupBase["memory"]) =>
    place && (place.dir === kill || tried([probe(place.dir)])) ? place : null
  return {
    kind: "cgroup",
    base: { kill, memory: limiter(memory), processes: limiter(processes) },
  }
}

/** The shell stays as the first process of the world: it takes in orphans, and ends the world when the program has ended. */
const FIRST = ["/bin/sh", "-c", '"$@"; exit $?', "sh"] as const

function namespaceIsolation(): Isolation | null {
  const unshare = systemProgram("unshare")
  if (unshare === null) return null
  const world = ["--pid", "--fork", "--kill-child", "--mount-proc"]
  for (const user of [[], ["--user", "--map-current-user"]]) {
    const prefix = [unshare, ...user, ...world, "--", ...FIRST]
    if (works([...prefix, "/bin/sh", "-c", ":"])) return { kind: "namespace", prefix }
  }
  return null
}
