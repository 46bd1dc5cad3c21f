import { type ChildProcess, spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { resolve } from "node:path"

/** The built stream server in a process of its own, to be killed. */
export interface ServerProcess {
  readonly url: string
  readonly process: ChildProcess
}

const ENGINE = resolve("dist/streams/engine/server.js")
const PROGRAM = `
  const { serveStreams } = await import(process.argv[1])
  const server = await serveStreams({ dataDir: process.argv[2], token: "t", requestBytes: 8 << 20 })
  console.log(server.url)`

export const headers = { authorization: "Bearer t", "content-type": "application/octet-stream" }

/** `under` is a command that runs the server, as a tracer does. */
export async function spawnServer(dir: string, under: readonly string[] = []): Promise<ServerProcess> {
  if (!existsSync(ENGINE)) throw new Error("There is no build. Run: npm run build")
  const [command = "", ...words] = [
    ...under,
    process.execPath,
    "--input-type=module",
    "-e",
    PROGRAM,
    ENGINE,
    dir,
  ]
  const child = spawn(command, words, {
    stdio: ["ignore", "pipe", "pipe"],
  })
  let errors = ""
  child.stderr?.on("data", (chunk) => {
    errors += chunk
  })
  const url = await new Promise<string>((done, fail) => {
    child.stdout?.once("data", (line) => done(String(line).trim()))
    child.once("exit", (code) => fail(new Error(`the server ended with ${code}: ${errors}`)))
  })
  return { url, process: child }
}

export async function killServer({ process: child }: ServerProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((done) => child.once("exit", done))
  child.kill("SIGKILL")
  await gone
}
