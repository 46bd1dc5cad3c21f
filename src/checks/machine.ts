import { access, constants, stat, statfs } from "node:fs/promises"
import { dirname } from "node:path"
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

/** How surely the whole tree of an agent's processes can be found and ended. */
export async function checkIsolation(): Promise<Check> {
  const name = "process isolation"
  // What the tools of an agent start is found by a mark in its environment, by its group and by its parents.
  if (await can("/proc/self/environ", constants.R_OK))
    return {
      name,
      status: "ok",
      detail: "by mark, group and descent; a process that hides from all three may stay",
    }
  const remedy = "mount /proc, so that processes that leave their group are found"
  return { name, status: "warn", detail: "by process group and descent only", remedy }
}

const can = (path: string, mode: number): Promise<boolean> =>
  access(path, mode).then(
    () => true,
    () => false,
  )
