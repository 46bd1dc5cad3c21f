// A real installation in a temporary directory, as a person has it: the built program, detached processes.
import { spawn, spawnSync } from "node:child_process"
import { mkdirSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { endings } from "./servers.mjs"

const PROGRAM = fileURLToPath(new URL("../dist/programs/agentz.js", import.meta.url))

/**
 * @typedef {object} Installation
 * @property {string} home
 * @property {string} workingDir
 * @property {() => Promise<{ pid: number, api: string, token: string, process: import("node:child_process").ChildProcess }>} up
 * @property {() => { url: string, token: string | null, pid: number }} streams
 * @property {() => number | null} worker
 * @property {() => number[]} daemons
 * @property {() => void} down ends everything
 */

/** @returns {Installation} */
export function installationIn(dir) {
  const home = join(dir, "home")
  const workingDir = join(dir, "work")
  mkdirSync(workingDir, { recursive: true })
  const { PATH = "" } = process.env
  const env = { PATH, HOME: dir, AGENTZ_HOME: home, AGENTZ_PORT: "0", AGENTZ_STREAMS_PORT: "0" }
  const runFile = (name) => JSON.parse(readFileSync(join(home, "run", name), "utf8"))
  const runFiles = (pattern) => readdirSync(join(home, "run")).filter((name) => pattern.test(name))
  const down = () => {
    spawnSync(process.execPath, [PROGRAM, "down", "--all"], { env, cwd: "/", stdio: "ignore" })
    endings.delete(down)
  }
  endings.add(down)
  return {
    home,
    workingDir,
    async up() {
      const child = spawn(process.execPath, [PROGRAM, "up", "--json"], {
        env,
        stdio: ["ignore", "pipe", "ignore"],
      })
      const ready = await new Promise((resolve, reject) => {
        let said = ""
        child.stdout.on("data", (text) => {
          said += text
          if (said.includes("\n")) resolve(JSON.parse(said))
        })
        child.once("exit", (code) => reject(new Error(`agentz up ended with ${code}`)))
      })
      return { ...ready, process: child }
    },
    streams: () => runFile("streams.json"),
    worker: () => {
      const [name] = runFiles(/^worker-\d+[.]json$/)
      return name === undefined ? null : runFile(name).pid
    },
    daemons: () => runFiles(/^ses_.*[.]json$/).map((name) => runFile(name).pid),
    down,
  }
}

export function killIfAlive(pid) {
  try {
    process.kill(pid, "SIGKILL")
  } catch {
    // It ended by itself.
  }
}

/** Ends a child at once and waits until it is gone. */
export async function endHard(child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once("exit", resolve))
  child.kill("SIGKILL")
  await gone
}
