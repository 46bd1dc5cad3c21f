import { access, constants, stat, statfs } from "node:fs/promises"
import { dirname } from "node:path"
import { chooseIsolation, type IsolationKind } from "#daemon/process/isolation"
import type { Check } from "../checks.ts"

const NODE = [20, 19] as const

export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  const fits = major > NODE[0] || (major === NODE[0] && minor >= NODE[1])
  const check = { name: "Node.js", detail: version }
  return fits
    ? { ...check, status: "ok" }
    : { ...check, status: "fail", remedy: `install Node.js ${NODE.join(".")} or newer` }
}

const MIB = 1024 * 1024

export async function checkDisk(home: string): Promise<Check> {
  const place = await nearestThere(home)
  const { bavail, bsize } = await statfs(place)
  const free = Math.floor((bavail * bsize) / MIB)
  const check = { name: "disk", detail: `${free} MiB free at ${place}` }
  if (free < 100) return { ...check, status: "fail", remedy: "free some space: streams are kept there" }
  if (free < 1024) return { ...check, status: "warn", remedy: "free some space: streams are kept there" }
  return { ...check, status: "ok" }
}

async function nearestThere(path: string): Promise<string> {
  if ((await stat(path).catch(() => null)) !== null || dirname(path) === path) return path
  return await nearestThere(dirname(path))
}

export async function checkUi(index: string): Promise<Check> {
  return (await can(index, constants.R_OK))
    ? { name: "web UI", status: "ok", detail: "built" }
    : { name: "web UI", status: "warn", detail: "not built", remedy: "npm run build" }
}

/** How surely the whole tree of an agent's processes can be found and ended. It is tried, and leaves nothing behind. */
export function checkIsolation(wanted: IsolationKind | null): Check {
  const name = "process isolation"
  const found = chooseIsolation(`agentz-doctor-${process.pid}`, wanted ?? undefined)
  switch (found.kind) {
    case "cgroup": {
      const { memory, processes } = found.base
      const limited = [memory && "memory", processes && "processes"].filter(Boolean).join(" and ")
      const detail = `cgroup: the kernel ends them as a whole and ${limited === "" ? "limits nothing" : `can limit ${limited}`}`
      return { name, status: "ok", detail }
    }
    case "namespace":
      return {
        name,
        status: "ok",
        detail: "namespace: each command is a world of its own that ends as a whole",
      }
    case "marker": {
      const detail = "marker: by mark, group and descent; a process that hides from all three may stay"
      if (wanted === "marker" || process.platform !== "linux") return { name, status: "ok", detail }
      const remedy = "give agentz a control group, or allow namespaces: see docs/isolation.md"
      return { name, status: "warn", detail, remedy }
    }
  }
}

const can = (path: string, mode: number): Promise<boolean> =>
  access(path, mode).then(
    () => true,
    () => false,
  )
