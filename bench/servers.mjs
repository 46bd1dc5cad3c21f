// The servers under measurement, each in a process and a directory of its own.
import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

export const TOKEN = "bench"

const at = (path) => fileURLToPath(new URL(path, import.meta.url))
const PROGRAMS = { engine: "serve-engine.mjs", reference: "serve-reference.mjs", probe: "probe.mjs" }

const running = new Set()
/** What else is to be ended when a person interrupts. */
export const endings = new Set()

/**
 * @typedef {object} Server
 * @property {string} name
 * @property {number} pid
 * @property {string} root the path of its URL
 * @property {number} port
 * @property {number} startMs until it could be reached, the start of Node included
 * @property {() => string} log
 * @property {(signal?: NodeJS.Signals) => Promise<void>} end
 */

/**
 * @param {keyof typeof PROGRAMS} name
 * @param {string} dir
 * @returns {Promise<Server>}
 */
export async function startServer(name, dir) {
  const started = performance.now()
  const options = name === "engine" ? (process.env.BENCH_NODE_OPTIONS ?? "").split(" ").filter(Boolean) : []
  const child = spawn(process.execPath, [...options, at(PROGRAMS[name]), dir, TOKEN], {
    stdio: ["ignore", "pipe", "pipe"],
  })
  running.add(child)
  child.once("exit", () => running.delete(child))
  let log = ""
  child.stderr.on("data", (text) => {
    log = (log + text).slice(-20_000)
  })
  const url = await new Promise((resolve, reject) => {
    child.stdout.on("data", (text) => {
      const [found] = /http:\S+/.exec(String(text)) ?? []
      if (found) resolve(found)
    })
    child.once("exit", (code) => reject(new Error(`the ${name} server ended with ${code}: ${log}`)))
  })
  const { pathname, port } = new URL(url)
  const end = async (signal = "SIGKILL") => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once("exit", resolve))
    child.kill(signal)
    await gone
  }
  const startMs = performance.now() - started
  return { name, pid: child.pid, root: pathname, port: Number(port), startMs, log: () => log, end }
}

/** Runs `use` with a directory that is gone afterwards. */
export async function withDir(use) {
  const dir = mkdtempSync(join(tmpdir(), "agentz-bench-"))
  const clear = () => rmSync(dir, { recursive: true, force: true })
  const interrupted = () => {
    for (const child of running) child.kill("SIGKILL")
    for (const end of endings) end()
    clear()
    process.exit(130)
  }
  process.once("SIGINT", interrupted)
  process.once("SIGTERM", interrupted)
  try {
    return await use(dir)
  } finally {
    process.off("SIGINT", interrupted)
    process.off("SIGTERM", interrupted)
    clear()
  }
}

const TICK_US = 10_000

/** Processor time a process has used so far, in microseconds. */
export function cpuOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return (Number(fields[11]) + Number(fields[12])) * TICK_US
}

/** Memory of a process in MiB. Pages of mapped files count in `rss`, and the kernel can drop them. */
export function memoryOf(pid) {
  const field = (text, name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0) / 1024
  const status = readFileSync(`/proc/${pid}/status`, "utf8")
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8")
  return { rss: field(status, "VmRSS"), anonymous: field(status, "RssAnon"), pss: field(rollup, "Pss") }
}
