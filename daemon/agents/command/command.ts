/**
 * The agent of a step that is a program and no conversation: it runs what its message says, once, and tells what it
 * printed and how it ended. So a program has all that a session has: it outlives whoever started it, is held
 * together and limited, and what it prints is durable.
 */
import { BLOB_LIMIT_BYTES } from "#streams/blob"
import { errorText } from "#streams/error-text"
import { COMMAND_FAILURES, Program } from "#streams/workflow/program"
import { AgentFailed } from "../../agent-failed.ts"
import { type AgentOptions, inProcess } from "../adapter.ts"
import { appOf, type PromptEnd } from "../app.ts"
import { callIdOf, newNonce } from "../call-id.ts"
import { type Ended, runCommand } from "../tools/command.ts"
import { liveOutput } from "../tools/perform.ts"
import { ToolError } from "../tools/tool.ts"
import type { Turn } from "../turn.ts"
import { workplaceOf } from "../workplace.ts"

/** The longest that a timer can wait. */
const FOR_EVER_MS = 2 ** 31 - 1

export const command = inProcess((options) =>
  appOf({
    name: "command",
    title: "Command",
    sessionId: options.sessionId,
    prompt: (turn) => run(turn, options),
  }),
)

async function run(turn: Turn, options: AgentOptions): Promise<PromptEnd> {
  if (turn.resume)
    throw failed(
      COMMAND_FAILURES.interrupted,
      "The program was running when its daemon ended, and nobody knows how far it came: it is not run again here.",
    )
  const { command: given, env = {}, timeoutMs = FOR_EVER_MS } = programIn(turn.text)
  const place = await workplaceOf(options)
  const toolCallId = callIdOf({ tool: "command", nonce: newNonce(), step: 0, call: 0, attempt: 0 })
  const rawInput = { command: given, ...(Object.keys(env).length > 0 && { env: Object.keys(env) }) }
  const started = { toolCallId, title: titleOf(given), kind: "execute" as const, rawInput }
  await turn.toolCall({ ...started, status: "in_progress" })
  const output = liveOutput(turn, toolCallId)
  let ended: Ended
  try {
    ended = await runCommand(
      {
        argv: argvOf(given),
        cwd: place.files.root,
        timeoutMs: Math.min(timeoutMs, FOR_EVER_MS),
        // More than a blob holds: who keeps it says what is missing, so that nobody takes it for whole.
        keep: BLOB_LIMIT_BYTES,
      },
      { ...place, toolEnv: { ...place.toolEnv, ...env } },
      { toolCallId, signal: turn.signal, onOutput: output.add },
    )
  } catch (error) {
    await output.end()
    const sentence = errorText(error)
    await turn.toolEnded(toolCallId, "failed", sentence)
    throw error instanceof ToolError ? failed(COMMAND_FAILURES.notStarted, sentence) : error
  }
  await output.end()
  const rawOutput = ended.whole ?? ended.output
  const { how } = ended
  if (how.ending === "cancelled" || how.ending === "timed out") {
    await turn.toolEnded(toolCallId, "failed", rawOutput)
    turn.signal.throwIfAborted()
    throw failed(
      COMMAND_FAILURES.timedOut,
      `The program did not end within ${timeoutMs / 1000} s and was ended.`,
    )
  }
  const exit_code = how.ending === "exited" ? how.code : null
  await turn.toolUpdate({
    toolCallId,
    status: exit_code === 0 ? "completed" : "failed",
    rawOutput,
    _meta: { terminal_exit: { exit_code, signal: how.ending === "killed" ? how.signal : null } },
  })
  return { stopReason: "end_turn" }
}

function programIn(text: string): Program {
  try {
    return Program.parse(JSON.parse(text))
  } catch (error) {
    throw new AgentFailed(
      { code: COMMAND_FAILURES.unreadable, message: "This session runs one program and hears nothing else." },
      { cause: error },
    )
  }
}

const argvOf = (given: Program["command"]): readonly [string, ...string[]] => {
  if (typeof given === "string") return ["/bin/bash", "-c", given]
  const [program = "", ...options] = given
  return [program, ...options]
}

function titleOf(given: Program["command"]): string {
  const [line = ""] = (typeof given === "string" ? given : given.join(" ")).trim().split("\n")
  return line.length > 160 ? `${line.slice(0, 159)}…` : line
}

const failed = (code: string, message: string) => new AgentFailed({ code, message })
