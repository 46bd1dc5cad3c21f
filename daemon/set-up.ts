/**
 * Makes a new work tree ready: the commands of its repository's configuration, once, before the first turn's agent is
 * asked. The user has allowed them.
 */
import type { TurnId } from "#streams/ids"
import type { SetUp } from "#streams/registry"
import type { Session } from "#streams/session"
import { AgentFailed } from "./agent-failed.ts"
import { type CommandPlace, runTold } from "./told-command.ts"

export interface SetUpOptions extends CommandPlace {
  readonly setUp: SetUp | undefined
  readonly session: () => Session
}

/** Does what is not done yet. Throws {@link AgentFailed} where a command fails. */
export type MakeReady = (turnId: TurnId, signal: AbortSignal) => Promise<void>

export function setUpOf({ setUp, session, ...place }: SetUpOptions): MakeReady {
  const { commands = [], minutes = 10, round = 0 } = setUp ?? {}
  return async (turnId, signal) => {
    for (const [index, command] of commands.entries()) {
      const toolCallId = round === 0 ? `setup-${index + 1}` : `setup-${round}-${index + 1}`
      const done = session().items.some(
        (item) => item.type === "tool" && item.toolCallId === toolCallId && item.status === "completed",
      )
      if (done || signal.aborted) continue
      const title = `Set-up: ${command}`
      const failed = await runTold({ turnId, toolCallId, title, command, minutes, signal }, place)
      if (failed === null || signal.aborted) continue
      throw new AgentFailed({
        code: "setup_failed",
        message: `The set-up command “${command}” ${failed}.`,
        hint: "Mend it or `.agentz/config.yaml`, then resume the session: what was done is not done again.",
      })
    }
  }
}
