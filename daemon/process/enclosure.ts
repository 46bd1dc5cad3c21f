/**
 * Where everything runs that a session starts: the processes of its agent and the commands of its tools. Whatever
 * is launched here, with all that it starts, can be found and ended, by this daemon or, when this one is dead, by
 * whoever looks after the session next.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { once } from "node:events"
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import type { Readable, Writable } from "node:stream"
import { z } from "zod"
import { filesOf } from "../home.ts"
import {
  type CgroupBase,
  type GroupLimits,
  groupNameOf,
  killGroup,
  limitGroup,
  makeGroup,
  type Refusals,
  refusalsOf,
  removeGroup,
} from "./cgroup.ts"
import { chooseIsolation, entering, type Isolation, type IsolationKind, systemProgram } from "./isolation.ts"
import { findProgram } from "./program.ts"
import { killTree, processesOf, type Tree } from "./tree.ts"

/** Every process of a session carries its id, every process of a program a name that no other has anywhere. */
const SESSION_MARKER = "AGENTZ_SESSION"
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
  /** What the kernel has refused so far; `null` where it does not count. */
  refusals(): Refusals | null
  /** What its processes amount to now, counted one by one. */
  footprint(): { readonly memoryKb: number; readonly processes: number }
}

export interface EnclosureOptions {
  readonly home: string
  readonly sessionId: string
  readonly limits?: GroupLimits
  readonly wanted?: IsolationKind | undefined
}

/** What a later control plane must know to find the groups again. */
const Note = z.object({ isolation: z.string(), groups: z.array(z.string()).readonly() })

const noteOf = (home: string, sessionId: string) => join(filesOf(home, sessionId).dir, "isolation.json")

/** Chooses how to confine, by trying, and writes down where: before anything is launched. */
export function openEnclosure({ home, sessionId, limits = {}, wanted }: EnclosureOptions): Enclosure {
  const name = groupNameOf(home, sessionId)
  const isolation = chooseIsolation(name, wanted)
  const groups = isolation.kind === "cgroup" ? groupsOf(isolation.base, name) : []
  const note = noteOf(home, sessionId)
  mkdirSync(dirname(note), { recursive: true, mode: 0o700 })
  writeFileSync(note, JSON.stringify({ isolation: isolation.kind, groups } satisfies z.infer<typeof Note>), {
    mode: 0o600,
  })
  let limited = limits
  const running = new Map<Launched, { readonly kept: boolean }>()
  const tree = sessionTree(home, sessionId, groups)

  function makeGroups(program: string): readonly string[] {
    if (isolation.kind !== "cgroup") return []
    for (const dir of groups) makeGroup(dir)
    limitGroup(isolation.base, name, limited)
    const own = join(isolation.base.kill, name, program)
    makeGroup(own)
    return [own, ...groups.filter((dir) => dir !== dirname(own))]
  }

  async function launch(program: Program): Promise<Launched> {
    const { name: called, argv, cwd, env, stdin = "ignore", kept = false } = program
    const group = `run-${createHash("sha256").update(`${name}\n${called}`).digest("hex").slice(0, 32)}`
    const found = findProgram(argv[0], { path: env.PATH, cwd })
    if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true)
      throw new LaunchError(`Could not start ${argv[0]}: the directory ${cwd} is not there.`)
    if (found === null)
      throw new LaunchError(`Could not start ${argv[0]} in ${cwd}: there is no such program.`)
    const into = makeGroups(group)
    const [file, ...args] = confined([found, ...argv.slice(1)], isolation, into, limited)
    const child = spawn(file, args, {
      cwd,
      env: { ...env, [SESSION_MARKER]: sessionId, [PROGRAM_MARKER]: group, [NAME]: called },
      detached: true,
      stdio: [stdin, "pipe", "pipe"],
    })
    const { pid, stdout, stderr } = child
    if (pid === undefined || !stdout || !stderr) {
      for (const dir of into.slice(0, 1)) removeGroup(dir)
      const [error] = await once(child, "error")
      throw new LaunchError(
        `Could not start ${argv[0]} in ${cwd}: ${error instanceof Error ? error.message : error}`,
      )
    }
    const own = into[0]
    const one: Launched = {
      pid,
      stdin: child.stdin,
      stdout,
      stderr,
      child,
      async end(graceMs) {
        const { found } = await killTree({
          marker: [PROGRAM_MARKER, group],
          roots: [pid],
          ...(own !== undefined && { controlGroup: { name: group, kill: () => void killGroup(own) } }),
          graceMs,
        })
        if (own !== undefined) removeGroup(own)
        running.delete(one)
        return { found }
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
      for (const dir of groups) removeGroup(dir)
      running.clear()
    },
    limit(limits) {
      limited = limits
      if (isolation.kind === "cgroup") limitGroup(isolation.base, name, limits)
    },
    refusals: () => (isolation.kind === "cgroup" ? refusalsOf(isolation.base, name) : null),
    footprint() {
      const processes = processesOf(tree)
      return {
        processes: processes.length,
        memoryKb: processes.reduce((sum, one) => sum + one.memoryKb(), 0),
      }
    },
  }
}

/** Ends whatever a session's daemon left running when it died. Nothing to do with a daemon that lives. */
export async function endLeftovers(home: string, sessionId: string, graceMs: number): Promise<void> {
  const groups = notedGroups(home, sessionId)
  await killTree({ ...sessionTree(home, sessionId, groups), graceMs })
  for (const dir of groups) removeGroup(dir)
}

/** Only a group that bears the session's own name is believed, whoever wrote the note. */
function notedGroups(home: string, sessionId: string): readonly string[] {
  try {
    const { groups } = Note.parse(JSON.parse(readFileSync(noteOf(home, sessionId), "utf8")))
    return groups.filter((dir) => basename(dir) === groupNameOf(home, sessionId))
  } catch {
    return [] // No note: nothing was launched there; what carries the marker is found in any case.
  }
}

function sessionTree(home: string, sessionId: string, groups: readonly string[]): Tree {
  const name = groupNameOf(home, sessionId)
  return {
    marker: [SESSION_MARKER, sessionId],
    controlGroup: {
      name,
      kill: () => {
        for (const dir of groups) killGroup(dir)
      },
    },
  }
}

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
  // Where no group holds memory back, each process is held back for itself.
  const prlimit = memoryMb !== undefined && isolation.kind !== "cgroup" ? systemProgram("prlimit") : null
  const capped = prlimit === null ? [] : [prlimit, `--data=${(memoryMb ?? 0) * 1024 * 1024}`, "--"]
  const around = isolation.kind === "namespace" ? isolation.prefix : groups.length > 0 ? entering(groups) : []
  const [file = "/bin/sh", ...args] =
    isolation.kind === "namespace"
      ? [...tied, ...around, ...capped, ...argv]
      : [...around, ...tied, ...capped, ...argv]
  return [file, ...args]
}
