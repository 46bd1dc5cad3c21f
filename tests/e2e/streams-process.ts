import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { resolve } from "node:path"

/** A stream server in a process of its own, to be killed, starved and watched. */
export interface ServerProcess extends AsyncDisposable {
  /** Ends in `/v1/stream`. */
  readonly url: string
  readonly pid: number
  readonly process: ChildProcess
  /** From the start of the process to its first answer. */
  readonly startMs: number
  /** Without a chance to say goodbye. Resolves when the process is gone. */
  kill(): Promise<void>
}

export interface SpawnOptions {
  /** A command that runs the server, as a tracer does. */
  readonly under?: readonly string[]
  /** The built engine, or the reference server of the protocol, on which our checks must be able to fail. */
  readonly server?: "engine" | "reference"
}

const ENGINE = resolve("dist/streams/engine/server.js")

/** A server whose test is gone, by a time limit for instance, goes as well. */
const END_WITH_US = `process.stdin.on("end", () => process.exit()).resume()`

const PROGRAMS = {
  engine: `
    ${END_WITH_US}
    const { serveStreams } = await import(process.argv[1])
    const dataDir = process.argv[2]
    const log = (line) => process.stderr.write(JSON.stringify(line) + "\\n")
    const { url } = await serveStreams({ dataDir, token: "t", requestBytes: 8 << 20, log })
    console.log(url)`,
  reference: `
    ${END_WITH_US}
    const { DurableStreamTestServer } = await import("@durable-streams/server")
    const server = new DurableStreamTestServer({ port: 0, dataDir: process.argv[2] })
    console.log(await server.start() + "/v1/stream")`,
}

export const headers = { authorization: "Bearer t", "content-type": "application/octet-stream" }

/** Whether the tests take the time they need to be thorough; otherwise what a push can bear. */
export const LONG = process.env.AGENTZ_TEST_LONG === "1"

export async function spawnServer(dir: string, options: SpawnOptions = {}): Promise<ServerProcess> {
  const { under = [], server = "engine" } = options
  if (!existsSync(ENGINE)) throw new Error("There is no build. Run: npm run build")
  const program = ["--input-type=module", "-e", PROGRAMS[server], ENGINE, dir]
  const [command = "", ...words] = [...under, process.execPath, ...program]
  const started = performance.now()
  const child = spawn(command, words, { stdio: ["pipe", "pipe", "pipe"] })
  const { pid, stdout, stderr } = child
  if (pid === undefined) throw new Error(`${command} could not be started`)
  let errors = ""
  stderr.on("data", (chunk) => {
    errors = (errors + chunk).slice(-10_000)
  })
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((done) => child.once("exit", done))
    child.kill("SIGKILL")
    await gone
  }
  const url = await new Promise<string>((done, fail) => {
    let said = ""
    stdout.on("data", (chunk) => {
      said = said.slice(-1000) + chunk
      const found = /^(http:\S+)\n/m.exec(said)?.[1]
      if (found) done(found)
    })
    child.once("exit", (code) => fail(new Error(`the server ended with ${code}: ${errors}`)))
  })
  const startMs = performance.now() - started
  return { url, pid, process: child, startMs, kill, [Symbol.asyncDispose]: kill }
}

/** The process's own memory in bytes, without pages of files that the kernel can drop. Linux only. */
export function ownMemory(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8")
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) * 1024
}
