/** All processes of the machine at one moment, as far as we may see them. */
import { readdirSync, readFileSync } from "node:fs"
import { bootId, type Identity, isDead, parseStat, ps } from "./identity.ts"

export interface Process extends Identity {
  readonly parent: number
  readonly group: number
  /** Whether the environment it was started with has this entry. `false` where we may not look. */
  carries(name: string, value: string): boolean
  /** The value of an entry of the environment it was started with; `undefined` also where we may not look. */
  variable(name: string): string | undefined
  /** Paths of the control groups it is in, one a line; empty where there are none. */
  controlGroups(): string
  /** Memory that it holds now, in KiB. */
  memoryKb(): number
}

/** Living processes only: zombies have no work left to stop. */
export const snapshot = (): readonly Process[] => (process.platform === "linux" ? fromProc() : fromPs())

function fromProc(): Process[] {
  const boot = bootId()
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    const stat = parseStat(read(`/proc/${name}/stat`))
    if (stat === null || isDead(stat.state)) return []
    return {
      bootId: boot,
      pid: Number(name),
      startTime: stat.startTime,
      parent: stat.parent,
      group: stat.group,
      carries: (key, value) => `\0${read(`/proc/${name}/environ`)}`.includes(`\0${key}=${value}\0`),
      variable: (key) => `\0${read(`/proc/${name}/environ`)}`.split(`\0${key}=`)[1]?.split("\0", 1)[0],
      controlGroups: () => read(`/proc/${name}/cgroup`),
      memoryKb: () => Number(/^VmRSS:\s+(\d+)/m.exec(read(`/proc/${name}/status`))?.[1] ?? 0),
    }
  })
}

/** A process may end between the listing and the reading. */
function read(path: string): string {
  try {
    return readFileSync(path, "latin1")
  } catch {
    return ""
  }
}

function fromPs(): Process[] {
  const boot = bootId()
  const environments = new Map(
    ps("-axEww", "-o", "pid=,command=")
      .split("\n")
      .map((line) => [Number.parseInt(line, 10), `${line} `] as const),
  )
  return ps("-ax", "-o", "pid=,ppid=,pgid=,rss=,state=,lstart=")
    .split("\n")
    .flatMap((line) => {
      const [pid, parent, group, memory, state, ...startTime] = line.trim().split(/\s+/)
      if (!pid || !state || isDead(state)) return []
      return {
        bootId: boot,
        pid: Number(pid),
        startTime: startTime.join(" "),
        parent: Number(parent),
        group: Number(group),
        carries: (key, value) => (environments.get(Number(pid)) ?? "").includes(` ${key}=${value} `),
        variable: (key) => (environments.get(Number(pid)) ?? "").split(` ${key}=`)[1]?.split(" ", 1)[0],
        controlGroups: () => "",
        memoryKb: () => Number(memory),
      }
    })
}
