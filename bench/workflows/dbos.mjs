// DBOS, from npm, on a PostgreSQL of its own: https://dbos.dev
import { spawn, spawnSync } from "node:child_process"
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { wait } from "../figures.mjs"
import { endHard, killIfAlive } from "../installation.mjs"
import { asking, freePort, installed, startProgram } from "./peer.mjs"

const SDK = "@dbos-inc/dbos-sdk@5.3.0"

/** @returns {Promise<import("./peer.mjs").Peer>} */
export async function dbos(dir) {
  const bin = postgresBin()
  const where = installed("dbos", [SDK])
  const data = mkdtempSync(join(tmpdir(), "agentz-bench-pg-"))
  const port = await freePort()
  const owner = ownerFor(data)
  const plain = { stdio: "ignore", cwd: "/", ...owner }
  const made = spawnSync(join(bin, "initdb"), ["-D", data, "-U", "bench", "-A", "trust", "-E", "UTF8"], plain)
  if (made.status !== 0) throw new Error("initdb could not make a database.")
  const settings = ["-h", "127.0.0.1", "-p", String(port), "-k", "", "-c", "max_connections=100"]
  const startServer = () => spawn(join(bin, "postgres"), ["-D", data, ...settings], plain)
  const url = `postgresql://bench@127.0.0.1:${port}/bench_dbos_sys`
  const ready = async () => {
    for (let turn = 0; turn < 300; turn++) {
      const asked = spawnSync(join(bin, "pg_isready"), ["-h", "127.0.0.1", "-p", String(port)], plain)
      if (asked.status === 0) return
      await wait(50)
    }
    throw new Error("PostgreSQL does not answer.")
  }
  let server = startServer()
  const endServer = async () => {
    for (const pid of processesOf(server.pid)) killIfAlive(pid)
    await endHard(server)
  }
  await ready()
  const startWorker = () => startProgram("dbos-worker.mjs", [where, url, dir])
  let worker = await startWorker()
  let ask = asking(worker)
  return {
    title: "DBOS",
    run: (steps) => ask({ run: steps }),
    many: (runs, steps) => ask({ many: runs, steps }),
    hold: (runs) => ask({ hold: runs }),
    async restart(everything) {
      await endHard(worker)
      if (everything) {
        await endServer()
        server = startServer()
        await ready()
      }
      worker = await startWorker()
      ask = asking(worker)
    },
    pids: () => [worker.pid, server.pid, ...processesOf(server.pid)],
    async end() {
      await endHard(worker)
      await endServer()
      rmSync(data, { recursive: true, force: true })
    },
  }
}

function postgresBin() {
  const root = "/usr/lib/postgresql"
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : []
  const bin = versions
    .map((version) => join(root, version, "bin"))
    .find((path) => existsSync(join(path, "initdb")))
  if (bin === undefined) throw new Error("PostgreSQL is not installed (Debian: apt-get install postgresql).")
  return bin
}

/** PostgreSQL will not run as root. */
function ownerFor(data) {
  if (process.getuid?.() !== 0) return {}
  const id = (flag) => Number(spawnSync("id", [flag, "postgres"]).stdout)
  const [uid, gid] = [id("-u"), id("-g")]
  chownSync(data, uid, gid)
  return { uid, gid }
}

/** Its backends. */
const processesOf = (pid) =>
  String(spawnSync("pgrep", ["-P", String(pid)]).stdout)
    .split("\n")
    .filter(Boolean)
    .map(Number)
