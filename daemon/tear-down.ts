/** Ends what made a work tree ready, before it is taken away: the commands of its repository that the user has allowed. */
import { newTurnId, type RequestId } from "#streams/ids"
import type { SetUp } from "#streams/registry"
import type { Session } from "#streams/session"
import { AgentFailed } from "./agent-failed.ts"
import { type CommandPlace, runTold } from "./told-command.ts"

export interface TearDownOptions extends CommandPlace {
  readonly tearDown: SetUp | undefined
  readonly session: () => Session
  /** The daemon is to end. */
  readonly signal: AbortSignal
}

/** Throws {@link AgentFailed} where a command fails: what it is about may still run. */
export type TakeDown = (requestId: RequestId) => Promise<void>

export function tearDownOf({ tearDown, session, signal, ...place }: TearDownOptions): TakeDown {
  const { commands = [], minutes = 10 } = tearDown ?? {}
  return async (requestId) => {
    const last = session().items.findLast((item) => item.type === "turn_end")
    // Told with the last turn: there is none of their own.
    const turnId = last?.type === "turn_end" ? last.turnId : newTurnId()
    for (const [index, command] of commands.entries()) {
      const toolCallId = `teardown-${requestId}-${index + 1}`
      const title = `Tear-down: ${command}`
      const failed = await runTold({ turnId, toolCallId, title, command, minutes, signal }, place)
      if (failed === null) continue
      throw new AgentFailed({
        code: "teardown_failed",
        message: `The tear-down command “${command}” ${failed}, so the work tree stays.`,
        hint: "Mend it, then ask again: all of them are run again.",
      })
    }
  }
}
