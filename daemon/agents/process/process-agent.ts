/**
 * An agent that is a process of its own and speaks ACP over its standard input and output. It leads a group of its
 * own, carries the session's marker, knows no more of the environment than it needs, and is gone with everything
 * it started before another one is opened: two writers of one conversation lose parts of it.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdirSync } from "node:fs"
import { Readable, Writable } from "node:stream"
import { setTimeout as sleep } from "node:timers/promises"
import { type ClientApp, ndJsonStream } from "@agentclientprotocol/sdk"
import { AgentFailed } from "../../agent-failed.ts"
import { filesOf } from "../../home.ts"
import { identityOf } from "../../process/identity.ts"
import { killTree, processesOf } from "../../process/tree.ts"
import type { AgentExit, AgentOptions, OpenAdapter, OpenAgent } from "../adapter.ts"
import { workplaceOf } from "../workplace.ts"
import { agentLog } from "./agent-log.ts"
import type { FindLaunch, Launch } from "./launch.ts"

/** How long an agent may take to end by itself once its input is closed. */
const LEAVE_MS = 1_500
const GRACE_MS = 2_000
/** What it wrote before it ended may still be in the pipe. */
const DRAIN_MS = 500

export const processAgent =
  (find: FindLaunch): OpenAdapter =>
  async (client, options) => {
    await workplaceOf(options)
    const { dir } = filesOf(options.home, options.sessionId)
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    const { PATH: path = "", HOME: userHome = "" } = options.toolEnv
    const launch = await find({ ...options, sessionDir: dir, path, userHome })
    await endTree(options.sessionId)
    return await start(client, launch, options)
  }

async function start(client: ClientApp, launch: Launch, options: AgentOptions): Promise<OpenAgent> {
  const { home, sessionId, workingDir, toolEnv, model } = options
  const log = agentLog(filesOf(home, sessionId).agentLog, launch.secrets)
  const child = spawn(launch.command, launch.args, {
    cwd: workingDir,
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...toolEnv, ...launch.env },
  })
  const { pid } = await spawned(child, launch)
  const identity = identityOf(pid) ?? { pid, startTime: "", bootId: "" }
  child.stderr.setEncoding("utf8").on("data", log.write)
  // The other side may be gone at any moment; its exit tells.
  child.stdin.on("error", () => undefined)

  const connection = client.connect(
    ndJsonStream(Writable.toWeb(child.stdin), Readable.toWeb(child.stdout) as ReadableStream<Uint8Array>),
  )
  let expected = false
  const ended = endOf(child)
  const exited = ended.then(async ({ code, signal, drained }): Promise<AgentExit> => {
    await Promise.all([endTree(sessionId, pid), Promise.race([drained, sleep(DRAIN_MS)])])
    connection.close()
    return { code, signal, expected, lastWords: log.lastWords() }
  })

  return {
    connection,
    process: {
      identity,
      version: launch.version,
      signIn: launch.signIn,
      exited,
      sweep: () => sweep(sessionId, pid),
    },
    ...(launch.modelOption !== undefined &&
      model !== undefined && { model: { option: launch.modelOption, value: model } }),
    async [Symbol.asyncDispose]() {
      expected = true
      connection.close()
      child.stdin.end()
      await Promise.race([ended, sleep(LEAVE_MS)])
      await endTree(sessionId, pid)
      await exited
    },
  }
}

function spawned(child: ChildProcess, { command }: Launch): Promise<{ readonly pid: number }> {
  return new Promise((resolve, reject) => {
    child.once("spawn", () => resolve({ pid: child.pid ?? 0 }))
    child.once("error", (cause: NodeJS.ErrnoException) =>
      reject(
        new AgentFailed(
          {
            code: "agent_not_started",
            message: `${command} cannot be started (${cause.code ?? cause.message}).`,
            hint: "Check that it is a program you may run; `agentz doctor` shows which one is used.",
          },
          { cause },
        ),
      ),
    )
  })
}

function endOf(child: ChildProcess) {
  const drained = new Promise<void>((resolve) => child.once("close", () => resolve()))
  return new Promise<{ code: number | null; signal: string | null; drained: Promise<void> }>((resolve) =>
    child.once("exit", (code, signal) => resolve({ code, signal, drained })),
  )
}

/** Ends all that this session's agents ever started, by mark, group and descent. */
async function endTree(sessionId: string, pid?: number): Promise<void> {
  const { survivors } = await killTree({
    marker: ["AGENTZ_SESSION", sessionId],
    ...(pid !== undefined && { roots: [pid] }),
    graceMs: GRACE_MS,
  })
  const [survivor] = survivors
  if (survivor && pid === undefined)
    throw new AgentFailed({
      code: "agent_still_there",
      message: `Process ${survivor.pid} of the agent before cannot be ended, so no other is started.`,
      hint: `End process ${survivor.pid}, then send the message again.`,
    })
}

/** Ends what the agent's tools left behind and no longer hangs on the agent. */
async function sweep(sessionId: string, pid: number): Promise<void> {
  const held = new Set(processesOf({ roots: [pid] }).map((one) => one.pid))
  const left = processesOf({ marker: ["AGENTZ_SESSION", sessionId] }).filter((one) => !held.has(one.pid))
  if (left.length > 0) await killTree({ roots: left.map((one) => one.pid), graceMs: GRACE_MS })
}
