/**
 * Makes a new work tree ready: the commands of its repository's configuration, once, before the first turn's agent is
 * asked. Each is told like a call of a tool, so its output is where that of all commands is. The user has allowed them.
 */

import type { Unstamped } from "#streams/event"
import type { TurnId } from "#streams/ids"
import type { SetUp } from "#streams/registry"
import type { Session } from "#streams/session"
import { coalesce } from "./acp/coalesce.ts"
import { AgentFailed } from "./agent-failed.ts"
import { type Ended, runCommand } from "./agents/tools/command.ts"
import type { Workplace } from "./agents/tools/tool.ts"

export interface SetUpOptions {
  readonly setUp: SetUp | undefined
  readonly workingDir: string
  readonly place: Pick<Workplace, "enclosure" | "toolEnv">
  readonly session: () => Session
  readonly publish: (event: Unstamped) => void
}

/** Does what is not done yet. Throws {@link AgentFailed} where a command fails. */
export type MakeReady = (turnId: TurnId, signal: AbortSignal) => Promise<void>

export function setUpOf({ setUp, workingDir, place, session, publish }: SetUpOptions): MakeReady {
  return async (turnId, signal) => {
    // A work tree that was made again is as empty as a new one.
    const { recoveries } = session().workspace
    const round = recoveries === 0 ? "" : `${recoveries}-`
    for (const [index, command] of (setUp?.commands ?? []).entries()) {
      const toolCallId = `setup-${round}${index + 1}`
      const done = session().items.some(
        (item) => item.type === "tool" && item.toolCallId === toolCallId && item.status === "completed",
      )
      if (done || signal.aborted) continue
      const title = `Set-up: ${command}`
      const call = { type: "tool_call", turnId, toolCallId, title, kind: "execute" } as const
      publish({ ...call, status: "in_progress", locations: [], input: { command }, content: [] })
      using output = coalesce(publish)
      const timeoutMs = (setUp?.minutes ?? 10) * 60_000
      const ended = await runCommand(
        { argv: ["/bin/sh", "-c", command], cwd: workingDir, timeoutMs },
        place,
        {
          toolCallId: `${toolCallId}-${turnId}`,
          signal,
          onOutput: (appendOutput) =>
            output.push({ type: "tool_call_update", turnId, toolCallId, appendOutput }),
        },
      )
      output.flush()
      const failed = ended.how.ending !== "exited" || ended.how.code !== 0
      publish({
        type: "tool_call_update",
        ...{ turnId, toolCallId, status: failed ? "failed" : "completed", output: ended.output },
        ...(ended.whole !== null && { outputTruncated: true }),
        exitCode: ended.how.ending === "exited" ? ended.how.code : null,
      })
      if (failed && !signal.aborted) throw failure(command, ended)
    }
  }
}

const failure = (command: string, { how }: Ended) =>
  new AgentFailed({
    code: "setup_failed",
    message: `The set-up command “${command}” ${how.ending === "exited" ? `ended with code ${how.code}` : how.ending === "timed out" ? "took too long" : "was ended"}.`,
    hint: "Mend it or `.agentz/config.yaml`, then resume the session: what was done is not done again.",
  })
