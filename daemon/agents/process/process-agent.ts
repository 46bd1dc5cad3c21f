/**
 * An agent that is a process of its own and speaks ACP over its standard input and output. It runs in the session's
 * enclosure, knows no more of the environment than it needs, and is gone with everything it started before another
 * one is opened: two writers of one conversation lose parts of it.
 */
import { randomUUID } from "node:crypto"
import { existsSync, mkdirSync } from "node:fs"
import { Readable, Writable } from "node:stream"
import { setTimeout as sleep } from "node:timers/promises"
import { type ClientApp, ndJsonStream } from "@agentclientprotocol/sdk"
import { AgentFailed } from "../../agent-failed.ts"
import { adaptersDir, filesOf } from "../../home.ts"
import { type Enclosure, LaunchError, type Launched } from "../../process/enclosure.ts"
import { identityOf } from "../../process/identity.ts"
import { redactor, secretsIn } from "../../redact.ts"
import type { AgentExit, AgentOptions, OpenAdapter, OpenAgent } from "../adapter.ts"
import { heldBack } from "../held-back.ts"
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
    const { agent: sessionDir } = filesOf(options.home, options.sessionId)
    mkdirSync(sessionDir, { recursive: true, mode: 0o700 })
    const { PATH: path = "", HOME: userHome = "" } = options.toolEnv
    const launch = await find({ ...options, sessionDir, path, userHome })
    await clear(options.enclosure)
    return await start(client, launch, options)
  }

/** Ends all that this session's agents ever started. */
async function clear(enclosure: Enclosure): Promise<void> {
  await enclosure.end(GRACE_MS)
  if (enclosure.footprint().processes === 0) return
  throw new AgentFailed({
    code: "agent_still_there",
    message: "A process of the agent before cannot be ended, so no other is started beside it.",
    hint: "End the processes that have AGENTZ_SESSION in their environment, then send the message again.",
  })
}

async function start(client: ClientApp, launch: Launch, options: AgentOptions): Promise<OpenAgent> {
  const { home, sessionId, model } = options
  const launched = await launchIn(launch, options)
  const { pid, stdin, stdout, stderr, child } = launched
  if (!stdin) throw new Error("The agent's process was started without an input.")
  const log = agentLog(filesOf(home, sessionId).agentLog, redactor(secretsIn(launch.env)))
  stderr.setEncoding("utf8").on("data", log.write)
  // The other side may be gone at any moment; its exit tells.
  stdin.on("error", () => undefined)

  const output = Readable.toWeb(stdout) as ReadableStream<Uint8Array>
  const said = options.ready ? output.pipeThrough(heldBack<Uint8Array>(options.ready)) : output
  const connection = client.connect(ndJsonStream(Writable.toWeb(stdin), said))
  let expected = false
  const ended = new Promise<Pick<AgentExit, "code" | "signal">>((resolve) =>
    child.once("exit", (code, signal) => resolve({ code, signal })),
  )
  const drained = new Promise<void>((resolve) => child.once("close", () => resolve()))
  const exited = ended.then(async ({ code, signal }): Promise<AgentExit> => {
    await Promise.all([launched.end(GRACE_MS), Promise.race([drained, sleep(DRAIN_MS)])])
    connection.close()
    return { code, signal, expected, lastWords: log.lastWords() }
  })

  return {
    connection,
    process: {
      identity: identityOf(pid) ?? { pid, startTime: "", bootId: "" },
      version: launch.version,
      signIn: launch.signIn,
      exited,
      beginTurn: () => {
        const endSince = launched.mark()
        return () => endSince(GRACE_MS)
      },
    },
    ...(launch.modelOption !== undefined &&
      model !== undefined && { model: { option: launch.modelOption, value: model } }),
    async [Symbol.asyncDispose]() {
      expected = true
      connection.close()
      stdin.end()
      await Promise.race([ended, sleep(LEAVE_MS)])
      await launched.end(GRACE_MS)
      await exited
    },
  }
}

async function launchIn(
  { command, args, env }: Launch,
  { enclosure, home, sessionId, workingDir, toolEnv }: AgentOptions,
): Promise<Launched> {
  const adapters = adaptersDir(home)
  try {
    return await enclosure.launch({
      name: `agent-${randomUUID()}`,
      argv: [command, ...args],
      cwd: workingDir,
      env: { ...toolEnv, ...env },
      stdin: "pipe",
      kept: true,
      shown: { ...(existsSync(adapters) && { read: adapters }), write: filesOf(home, sessionId).agent },
    })
  } catch (cause) {
    if (!(cause instanceof LaunchError)) throw cause
    const hint = "Check that it is a program you may run; `agentz doctor` shows which one is used."
    throw new AgentFailed({ code: "agent_not_started", message: cause.message, hint }, { cause })
  }
}
