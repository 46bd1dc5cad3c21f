import { access, constants, readFile, stat, statfs } from "node:fs/promises"
import { delimiter, dirname, join } from "node:path"
import type { Check } from "../checks.ts"
import { searchPath } from "../config.ts"

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

/** How surely the whole tree of an agent's processes can be ended: the best of what the system has. */
export async function checkIsolation(): Promise<Check> {
  const name = "process isolation"
  if (await ownsCgroup()) return { name, status: "ok", detail: "cgroup v2" }
  if (await inPath("bwrap")) return { name, status: "ok", detail: "bubblewrap" }
  const remedy = "install bubblewrap (`apt install bubblewrap`) or run under a user service with delegation"
  return (await can("/proc/self/stat", constants.R_OK))
    ? { name, status: "warn", detail: "by walking /proc: a process that hides may outlive its agent", remedy }
    : { name, status: "warn", detail: "by process group only", remedy }
}

async function ownsCgroup(): Promise<boolean> {
  const own = await readFile("/proc/self/cgroup", "utf8").catch(() => "")
  const path = /^0::(\/.*)$/m.exec(own)?.[1]
  return path !== undefined && (await can(join("/sys/fs/cgroup", path, "cgroup.procs"), constants.W_OK))
}

async function inPath(program: string): Promise<boolean> {
  const places = searchPath().split(delimiter).filter(Boolean)
  const found = await Promise.all(places.map((place) => can(join(place, program), constants.X_OK)))
  return found.includes(true)
}

const can = (path: string, mode: number): Promise<boolean> =>
  access(path, mode).then(
    () => true,
    () => false,
  )
