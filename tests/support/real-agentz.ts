/** The built program itself, as a user starts it, in a home and a project of its own. */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

const MAIN = fileURLToPath(new URL("../../dist/programs/agentz.js", import.meta.url))

interface Up {
  /** With the one-time code that signs a browser in. */
  readonly url: string
  readonly api: string
  readonly token: string
}

export interface RealAgentz extends AsyncDisposable {
  readonly url: string
  readonly api: string
  /** A fresh address that signs one more browser in. */
  newUrl(): Promise<string>
  /** Starts a session past the page, in the project unless another directory is named. */
  spawn(request: {
    agentType: string
    title: string
    prompt: string
    workingDir?: string
    workspace?: { kind: "worktree" }
  }): Promise<string>
  /** An empty directory for an agent to work in. */
  readonly project: string
  /** `kill -9` of the API; streams and daemons go on. */
  kill(): Promise<void>
  /** Starts it again at the same address. */
  start(): Promise<void>
  /** The events of a session, as the stream has them. */
  events(sessionId: string): Promise<readonly { readonly type: string; readonly text?: string }[]>
}

export async function startRealAgentz(): Promise<RealAgentz> {
  const home = await mkdtemp(join(tmpdir(), "agentz-ui-"))
  const project = await mkdtemp(join(tmpdir(), "agentz-ui-project-"))
  let port = "0"
  const environment = () => ({
    ...process.env,
    AGENTZ_HOME: home,
    AGENTZ_PORT: port,
    AGENTZ_STREAMS_PORT: "0",
    AGENTZ_IDLE_SECONDS: "30",
  })
  let [child, up] = await launch(environment())
  port = new URL(up.api).port
  return {
    url: up.url,
    api: up.api,
    project,
    newUrl: async () => {
      const headers = { authorization: `Bearer ${up.token}`, "content-type": "application/json" }
      const response = await fetch(`${up.api}/api/code`, { method: "POST", headers, body: "{}" })
      return `${up.api}/?code=${((await response.json()) as { code: string }).code}`
    },
    spawn: async (request) => {
      const response = await fetch(`${up.api}/trpc/agent.spawn`, {
        method: "POST",
        headers: { authorization: `Bearer ${up.token}`, "content-type": "application/json" },
        body: JSON.stringify({ workingDir: project, ...request }),
      })
      if (!response.ok) throw new Error(await response.text())
      return ((await response.json()) as { result: { data: { sessionId: string } } }).result.data.sessionId
    },
    kill: () => ended(child, "SIGKILL"),
    start: async () => {
      ;[child, up] = await launch(environment())
    },
    events: async (sessionId) => {
      const response = await fetch(`${up.api}/v1/stream/${sessionId}/events?offset=-1`, {
        headers: { authorization: `Bearer ${up.token}` },
      })
      return (await response.json()) as { type: string; text?: string }[]
    },
    [Symbol.asyncDispose]: async () => {
      await ended(child, "SIGTERM")
      const down = spawn(process.execPath, [MAIN, "down", "--all"], { env: environment(), stdio: "ignore" })
      await new Promise((resolve) => down.once("exit", resolve))
      await rm(home, { recursive: true, force: true })
      await rm(`${home}-worktrees`, { recursive: true, force: true })
      await rm(project, { recursive: true, force: true })
    },
  }
}

async function launch(env: NodeJS.ProcessEnv): Promise<[ChildProcess, Up]> {
  const child = spawn(process.execPath, [MAIN, "up", "--json"], { env, stdio: ["ignore", "pipe", "inherit"] })
  const line = await new Promise<string>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`agentz up ended with ${code} before it was ready`)))
    if (child.stdout) createInterface(child.stdout).once("line", resolve)
  })
  return [child, JSON.parse(line) as Up]
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise((resolve) => child.once("exit", resolve))
  child.kill(signal)
  await exit
}
