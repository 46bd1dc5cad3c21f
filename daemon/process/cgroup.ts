/**
 * Control groups: the kernel's own list of who belongs to a piece of work, whatever those processes do to their
 * group, parents and environment. Version 2 ends a whole group at once; memory and processes are limited by
 * whichever version has that controller here.
 */
import { createHash } from "node:crypto"
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs"
import { dirname, join } from "node:path"

export interface Hierarchy {
  readonly version: 1 | 2
  /** Of version 1: those bound to it. Of version 2 a group tells itself. */
  readonly controllers: readonly string[]
  readonly mount: string
  /** The group this process is in, as a directory. */
  readonly own: string
}

/** Reads `/proc/self/mountinfo` and `/proc/self/cgroup`. A hierarchy in which our own group is not mounted is left out. */
export function hierarchiesOf(mountinfo: string, cgroup: string): readonly Hierarchy[] {
  const ownPaths = cgroup.split("\n").flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    return controllers === undefined || path === undefined
      ? []
      : [{ controllers: controllers.split(","), path }]
  })
  return mountinfo.split("\n").flatMap((line) => {
    const [place = "", kind = ""] = line.split(" - ")
    const [, , , root = "", mount = ""] = place.split(" ")
    const [type, , options = ""] = kind.split(" ")
    if (type !== "cgroup" && type !== "cgroup2") return []
    const version = type === "cgroup2" ? 2 : 1
    const bound = options.split(",")
    const own = ownPaths.find(({ controllers }) =>
      version === 2 ? controllers[0] === "" : controllers.some((one) => one !== "" && bound.includes(one)),
    )
    const inside = own && within(own.path, root)
    if (!own || inside === null || inside === undefined) return []
    return {
      version,
      controllers: version === 2 ? [] : own.controllers,
      mount,
      own: inside === "/" ? mount : join(mount, inside),
    } as const
  })
}

const within = (path: string, root: string): string | null =>
  root === "/" ? path : path === root || path.startsWith(`${root}/`) ? path.slice(root.length) : null

/** Directories in which groups for sessions can be made. */
export interface CgroupBase {
  /** Of version 2: its groups can be ended at once. */
  readonly kill: string
  readonly memory: { readonly dir: string; readonly version: 1 | 2 } | null
  readonly processes: { readonly dir: string; readonly version: 1 | 2 } | null
}

/** `null` where no group can be made: no version 2 here, or none of it is ours to write. Never throws. */
export function cgroupBase(): CgroupBase | null {
  const hierarchies = hierarchiesOf(read("/proc/self/mountinfo"), read("/proc/self/cgroup"))
  const unified = hierarchies.find(({ version }) => version === 2)
  const found = unified && nearestBase(unified)
  if (!found) return null
  const limiter = (controller: string) => {
    if (found.controllers.includes(controller)) return { dir: found.dir, version: 2 } as const
    const own = hierarchies.find((one) => one.controllers.includes(controller))?.own
    return own !== undefined && isOurs(own) ? ({ dir: own, version: 1 } as const) : null
  }
  return { kill: found.dir, memory: limiter("memory"), processes: limiter("pids") }
}

const WANTED = ["memory", "pids"]

/**
 * Our own group or the nearest one above it that we may write and that hands both controllers down; else the
 * nearest that we may write. A group with processes in it hands none down, so it is often the one above.
 */
function nearestBase({ own, mount }: Hierarchy): { dir: string; controllers: readonly string[] } | null {
  let nearest: { dir: string; controllers: readonly string[] } | null = null
  for (let dir = own; dir.length >= mount.length && isOurs(dir); dir = dirname(dir)) {
    const there = words(join(dir, "cgroup.controllers"))
    const handsDown = () => words(join(dir, "cgroup.subtree_control"))
    for (const controller of WANTED)
      if (there.includes(controller) && !handsDown().includes(controller))
        write(join(dir, "cgroup.subtree_control"), `+${controller}`)
    const controllers = handsDown()
    nearest ??= { dir, controllers }
    if (WANTED.every((controller) => controllers.includes(controller))) return { dir, controllers }
  }
  return nearest
}

function isOurs(dir: string): boolean {
  try {
    for (const path of [dir, join(dir, "cgroup.procs")]) accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}

const GROUP_PREFIX = "agentz-"

/** The group of a session has a name that nobody else's has: whatever is in it was started for that session. */
export const groupNameOf = (home: string, sessionId: string): string =>
  `${GROUP_PREFIX}${createHash("sha256").update(`${home}\n${sessionId}`).digest("hex").slice(0, 32)}`

/** The names from the group of that name on down; `null` for a process outside. `groups` is its `/proc/<pid>/cgroup`. */
export function placeIn(groups: string, name: string): readonly string[] | null {
  const places = groups.split("\n").flatMap((line) => {
    const names = line.split("/")
    const at = names.indexOf(name)
    return at < 0 ? [] : [names.slice(at + 1)]
  })
  // In the hierarchies of version 1 it is in the session's group itself: the longest says the most.
  return places.sort((a, b) => b.length - a.length)[0] ?? null
}

/** Makes the directory, where it is not there. */
export const makeGroup = (dir: string): void => void mkdirSync(dir, { recursive: true })

/** Ends every process in the group and below it at once. `false` where the kernel is too old (before 5.14) or it is gone. */
export function killGroup(dir: string): boolean {
  // We may have been started by one of those processes ourselves; then they are ended one by one.
  const name = dir.split("/").find((one) => one.startsWith(GROUP_PREFIX))
  if (name === undefined || placeIn(read("/proc/self/cgroup"), name) !== null) return false
  return write(join(dir, "cgroup.kill"), "1")
}

/** The groups directly below. */
export function groupsIn(dir: string): readonly string[] {
  try {
    return readdirSync(dir, { withFileTypes: true }).flatMap((one) => (one.isDirectory() ? [one.name] : []))
  } catch {
    return []
  }
}

/** Removes the group and those below it, as far as they are empty. */
export function removeGroup(dir: string): void {
  for (const name of groupsIn(dir)) removeGroup(join(dir, name))
  removeEmptyGroup(dir)
}

/** Removes the group unless there is one below it, or a process in it. */
export function removeEmptyGroup(dir: string): void {
  try {
    rmdirSync(dir)
  } catch {
    // Gone already, or a process in it is stuck in the kernel: an empty group costs nothing.
  }
}

export interface GroupLimits {
  readonly memoryMb?: number | undefined
  readonly processes?: number | undefined
}

/** The group of a session, and in it that of its daemon: where version 1 has a controller, each is bound to the latter. */
export interface GroupNames {
  readonly session: string
  readonly daemon: string
}

const limitedBy = ({ dir, version }: NonNullable<CgroupBase["memory"]>, { session, daemon }: GroupNames) =>
  version === 2 ? join(dir, session) : join(dir, session, daemon)

/** Applies the limits; one that is absent is lifted. */
export function limitGroup(base: CgroupBase, names: GroupNames, { memoryMb, processes }: GroupLimits): void {
  if (base.memory) {
    const dir = limitedBy(base.memory, names)
    const bytes = memoryMb === undefined ? null : String(memoryMb * 1024 * 1024)
    if (base.memory.version === 2) {
      write(join(dir, "memory.max"), bytes ?? "max")
      // Otherwise it would only begin to swap.
      write(join(dir, "memory.swap.max"), bytes === null ? "max" : "0")
      write(join(dir, "memory.oom.group"), "1")
    } else {
      // Memory with swap may never be below memory: on the way up it goes first, on the way down last.
      const both = join(dir, "memory.memsw.limit_in_bytes")
      write(both, bytes ?? "-1")
      write(join(dir, "memory.limit_in_bytes"), bytes ?? "-1")
      write(both, bytes ?? "-1")
    }
  }
  if (base.processes)
    write(
      join(limitedBy(base.processes, names), "pids.max"),
      processes === undefined ? "max" : String(processes),
    )
}

export interface Refusals {
  /** How often the kernel killed a process of the group because it was at its limit; `null` where it does not count. */
  readonly memory: number | null
  /** How often a process could not be started because there were as many as there may be. */
  readonly processes: number | null
}

export function refusalsOf(base: CgroupBase, names: GroupNames): Refusals {
  const count = (place: CgroupBase["memory"], file: string, key: string) => {
    if (!place) return null
    const line = read(join(limitedBy(place, names), file))
      .split("\n")
      .find((one) => one.startsWith(`${key} `))
    return Number(line?.slice(key.length + 1) ?? 0)
  }
  return {
    memory: count(
      base.memory,
      base.memory?.version === 2 ? "memory.events" : "memory.oom_control",
      "oom_kill",
    ),
    processes: count(base.processes, "pids.events", "max"),
  }
}

const words = (path: string): readonly string[] => read(path).split(/\s+/).filter(Boolean)

function read(path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return "" // Not there is an answer as well.
  }
}

/** Whether the kernel took it. */
function write(path: string, text: string): boolean {
  if (!existsSync(path)) return false
  try {
    writeFileSync(path, text)
    return true
  } catch {
    return false
  }
}
