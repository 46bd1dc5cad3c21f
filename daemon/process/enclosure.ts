/**
 * Where everything runs that a session starts: the processes of its agent and the commands of its tools. Whatever
 * is launched here, with all that it starts, can be found and ended, by this daemon or, when this one is dead, by
 * whoever looks after the session next.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { once } from "node:events"
import { mkdirSync, statSync } from "node:fs"
import { join } from "node:path"
import type { Readable, Writable } from "node:stream"
import { errorText } from "#streams/error-text"
import { filesOf } from "../home.ts"
import { belongings, epochGroup, markerOf, noteGroups, type Owner, removeGroups } from "./belongings.ts"
import {
  type CgroupBase,
  type GroupLimits,
  groupNameOf,
  killGroup,
  limitGroup,
  makeGroup,
  placeIn,
  type Refusals,
  refusalsOf,
  removeGroup,
} from "./cgroup.ts"
import { type Shown, withHiddenHome } from "./hidden-home.ts"
import { identityOfChild } from "./identity.ts"
import { chooseIsolation, entering, type Isolation, type IsolationKind, systemProgram } from "./isolation.ts"
import { findProgram } from "./program.ts"
import type { Process } from "./snapshot.ts"
import { killTree, processesOf } from "./tree.ts"

/** Every process of a program carries a name that no other program has anywhere. */
const PROGRAM_MARKER = "AGENTZ_RUN"
/** For people and programs that look: which call of a tool they belong to. */
const NAME = "AGENTZ_TOOL"

export interface Program {
  /** Its name in the session, for ever its own: the id of a tool call, or of an opening of the agent. */
  readonly name: string
  readonly argv: readonly [string, ...string[]]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** Default `ignore`. */
  readonly stdin?: "ignore" | "pipe"
  /** It is the agent itself and outlives turns. */
  readonly kept?: boolean
  /** What it sees of agentz's home where that is hidden. */
  readonly shown?: Shown
}

export interface Launched {
  readonly pid: number
  /** `null` unless it was asked for. */
  readonly stdin: Writable | null
  readonly stdout: Readable
  readonly stderr: Readable
  /** Emits `exit` and `close`. To end it use {@link Launched.end}: its pid may be that of what confines it. */
  readonly child: ChildProcess
  /** Ends it and all that it started; tells how many there were. */
  end(graceMs: number): Promise<{ readonly found: number }>
  /** The function it gives ends all that was started in it after this moment and not what was there before. */
  mark(): (graceMs: number) => Promise<void>
}

/** The program is not there, or the system would not start it. The message is fit to show. */
export class LaunchError extends Error {
  override readonly name = "LaunchError"
}

export interface Enclosure {
  readonly isolation: IsolationKind
  /** Starts a program in a group of its own. Throws {@link LaunchError}. */
  launch(program: Program): Promise<Launched>
  /** Ends what turns have started: everything but what was launched to be kept. */
  endTurn(graceMs: number): Promise<void>
  /** Ends everything and leaves no group behind. */
  end(graceMs: number): Promise<void>
  limit(limits: GroupLimits): void
  /** What the kernel has refused so far. */
  refusals(): Refusals
  /** What its processes amount to now, counted one by one. */
  footprint(): { readonly memoryKb: number; readonly processes: number }
}

export interface EnclosureOptions extends Owner {
  readonly limits?: GroupLimits
  readonly wanted?: IsolationKind | undefined
  /** Start programs where agentz's home is empty. */
  readonly hidesHome?: boolean
}

/** Chooses how to confine, by trying, and writes down where: before anything is launched. */
export function openEnclosure({
  limits = {},
  wanted,
  hidesHome = false,
  ...owner
}: EnclosureOptions): Enclosure {
  const { home, sessionId, epoch } = owner
  const name = groupNameOf(home, sessionId)
  const isolation = chooseIsolation(name, wanted)
  const groups = isolation.kind === "cgroup" ? groupsOf(isolation.base, name) : []
  mkdirSync(filesOf(home, sessionId).dir, { recursive: true, mode: 0o700 })
  noteGroups(owner, { isolation: isolation.kind, groups })
  let limited = limits
  const running = new Map<Launched, { readonly kept: boolean }>()
  const tree = belongings(owner, groups)
  const names = { session: name, daemon: epochGroup(epoch) }

  function makeGroups(program: string): readonly string[] {
    if (isolation.kind !== "cgroup") return []
    const session = join(isolation.base.kill, name)
    const own = join(session, names.daemon, program)
    const limiting = groups.filter((dir) => dir !== session).map((dir) => join(dir, names.daemon))
    for (const dir of [own, ...limiting]) makeGroup(dir)
    limitGroup(isolation.base, names, limited)
    return [own, ...limiting]
  }

  async function launch(program: Program): Promise<Launched> {
    const { name: called, argv, cwd, env, stdin = "ignore", kept = false, shown } = program
    const group = `run-${createHash("sha256").update(`${name}\n${called}`).digest("hex").slice(0, 32)}`
    const found = findProgram(argv[0], { path: env.PATH, cwd })
    if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true)
      throw new LaunchError(`Could not start ${argv[0]}: the directory ${cwd} is not there.`)
    if (found === null)
      throw new LaunchError(`Could not start ${argv[0]} in ${cwd}: there is no such program.`)
    const into = makeGroups(group)
    const whole = [found, ...argv.slice(1)]
    const [file, ...args] = confined(
      hidesHome ? withHiddenHome(home, whole, shown) : whole,
      isolation,
      into,
      limited,
    )
    const child = spawn(file, args, {
      cwd,
      env: { ...env, ...markerOf(owner), [PROGRAM_MARKER]: group, [NAME]: called },
      detached: true,
      stdio: [stdin, "pipe", "pipe"],
    })
    const { pid, stdout, stderr } = child
    if (pid === undefined || !stdout || !stderr) {
      for (const dir of into.slice(0, 1)) removeGroup(dir)
      const [error] = await once(child, "error")
      throw new LaunchError(`Could not start ${argv[0]} in ${cwd}: ${errorText(error)}`)
    }
    const ownGroup = into[0]
    const root = identityOfChild(pid)
    const own = {
      marker: [PROGRAM_MARKER, group] as const,
      ...(root !== null && { roots: [root] }),
      ...(ownGroup !== undefined && {
        belongs: (one: Process) => placeIn(one.controlGroups(), group) !== null,
      }),
    }
    const one: Launched = {
      pid,
      stdin: child.stdin,
      stdout,
      stderr,
      child,
      async end(graceMs) {
        const { found } = await killTree({
          ...own,
          ...(ownGroup !== undefined && { killAtOnce: () => void killGroup(ownGroup) }),
          graceMs,
        })
        if (ownGroup !== undefined) removeGroup(ownGroup)
        running.delete(one)
        return { found }
      },
      mark() {
        const before = new Set(processesOf(own).map(nameOf))
        return async (graceMs) => {
          const since = new Set(
            processesOf(own)
              .map(nameOf)
              .filter((process) => !before.has(process)),
          )
          if (since.size > 0) await killTree({ belongs: (process) => since.has(nameOf(process)), graceMs })
        }
      },
    }
    running.set(one, { kept })
    return one
  }

  return {
    isolation: isolation.kind,
    launch,
    async endTurn(graceMs) {
      const entries = [...running]
      // With nothing to be kept the sweep is for all that is the session's, however it came about.
      if (entries.every(([, { kept }]) => !kept)) await killTree({ ...tree, graceMs })
      await Promise.all(entries.flatMap(([one, { kept }]) => (kept ? [] : [one.end(graceMs)])))
    },
    async end(graceMs) {
      await killTree({ ...tree, graceMs })
      removeGroups(epoch, groups)
      running.clear()
    },
    limit(limits) {
      limited = limits
      if (isolation.kind === "cgroup") limitGroup(isolation.base, names, limits)
    },
    refusals: () => (isolation.kind === "cgroup" ? refusalsOf(isolation.base, names) : NOT_COUNTED),
    footprint() {
      const processes = processesOf(tree)
      return {
        processes: processes.length,
        memoryKb: processes.reduce((sum, one) => sum + one.memoryKb(), 0),
      }
    },
  }
}

const NOT_COUNTED = { memory: null, processes: null }

const nameOf = ({ pid, startTime }: Process): string => `${pid} ${startTime}`

const groupsOf = ({ kill, memory, processes }: CgroupBase, name: string): readonly string[] => [
  ...new Set(
    [kill, memory?.dir, processes?.dir].flatMap((dir) => (dir === undefined ? [] : [join(dir, name)])),
  ),
]

/** The command line that confines a program before it begins. */
function confined(
  argv: readonly string[],
  isolation: Isolation,
  groups: readonly string[],
  { memoryMb }: GroupLimits,
): [string, ...string[]] {
  // What the daemon started itself ends with it even when nobody is left to see to it.
  const setpriv = systemProgram("setpriv")
  const tied = setpriv === null ? [] : [setpriv, "--pdeathsig", "KILL", "--"]
  // Where no group holds memory back, no single one runs far ahead of whoever looks at all of them.
  const prlimit = memoryMb !== undefined && isolation.kind !== "cgroup" ? systemProgram("prlimit") : null
  const capped = prlimit === null ? [] : [prlimit, `--data=${2 * (memoryMb ?? 0) * 1024 * 1024}`, "--"]
  const around = isolation.kind === "namespace" ? isolation.prefix : groups.length > 0 ? entering(groups) : []
  const [file = "/bin/sh", ...args] =
    isolation.kind === "namespace"
      ? [...tied, ...around, ...capped, ...argv]
      : [...around, ...tied, ...capped, ...argv]
  return [file, ...args]
}
