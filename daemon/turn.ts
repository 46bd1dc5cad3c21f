/** One turn, from its first event to its last. However the agent ends, the turn ends, and says why. */
import type { Failure, Unstamped } from "#streams/event"
import { newTurnId, type RequestId } from "#streams/ids"
import type { QueuedMessage, Session } from "#streams/session"
import { coalesce } from "./acp/coalesce.ts"
import { narrator } from "./acp/narrate.ts"
import { AgentFailed } from "./agent-failed.ts"
import type { AgentSession } from "./agent-session.ts"
import type { Approvals } from "./approvals.ts"
import { recoveryPrompt } from "./permissions/recovery.ts"

export interface TurnDeps {
  readonly publish: (event: Unstamped) => void
  readonly session: () => Session
  /** Resolves while the publisher keeps up. */
  readonly ready: () => Promise<void>
  readonly approvals: Approvals
  /** Puts words that came with a refusal before an agent that could not hear them with it. */
  readonly sayLater: (requestId: RequestId, text: string) => void
  readonly agent: () => Promise<AgentSession>
  /** Gives up on an agent that does not end its turn: it is ended itself, and opened anew for the next turn. */
  readonly dropAgent: () => Promise<void>
  /** Ends every process that the agent's tools started. */
  readonly killTools: () => Promise<void>
}

export type TurnCause = ({ readonly cause: "user" } & QueuedMessage) | { readonly cause: "recovery" }

/** How long a cancelled agent may take to end its turn by itself. */
const CANCEL_GRACE_MS = 5_000

/** `stopped`: the whole session is being stopped, and what ends the turn is said by the caller. */
export type CancelReason = "cancelled" | "stopped"

export async function runTurn(cause: TurnCause, signal: AbortSignal, deps: TurnDeps): Promise<void> {
  const { publish, approvals } = deps
  const turnId = newTurnId()
  const story = narrator(turnId)
  using chunks = coalesce(publish)
  const tell = (events: readonly Unstamped[]) => {
    for (const event of events) chunks.push(event)
  }

  publish({
    type: "turn_started",
    turnId,
    cause: cause.cause,
    ...(cause.cause === "user" && { messageId: cause.messageId }),
  })
  const listener = {
    update: async (update: Parameters<typeof story.tell>[0]) => {
      if (over) return
      tell(story.tell(update))
      await deps.ready()
    },
    permission: (request: Parameters<Approvals["ask"]>[1]) => {
      chunks.flush()
      return approvals.ask(turnId, request, deps.sayLater)
    },
  }
  let over = false
  const cancelled = onceAborted(signal, async () => {
    approvals.cancelOpen(turnId)
    await deps.killTools()
  })

  const outcome = await Promise.race([promptOf(deps, cause, signal, listener), givenUp(signal, deps)])
  over = true
  await cancelled()
  if (cause.cause === "recovery") approvals.settleOrphans("The agent did not ask for it again.")
  tell(story.end())
  chunks.flush()
  if (signal.aborted && signal.reason === ("stopped" satisfies CancelReason)) return

  const { reported } = story
  if (outcome.usage || reported.used !== undefined)
    publish({
      type: "usage",
      turnId,
      inputTokens: outcome.usage?.inputTokens ?? 0,
      outputTokens: outcome.usage?.outputTokens ?? 0,
      ...(outcome.usage?.cachedReadTokens !== undefined && {
        cachedReadTokens: outcome.usage.cachedReadTokens,
      }),
      ...(reported.used !== undefined && { contextUsed: reported.used }),
      ...(reported.size !== undefined && { contextSize: reported.size }),
    })
  publish({
    type: "turn_ended",
    turnId,
    stopReason: signal.aborted ? "cancelled" : outcome.stopReason,
    ...(outcome.error && !signal.aborted && { error: outcome.error }),
  })
}

type Outcome = {
  readonly stopReason: "end_turn" | "max_tokens" | "max_turn_requests" | "refusal" | "cancelled" | "error"
  readonly usage: {
    readonly inputTokens: number
    readonly outputTokens: number
    readonly cachedReadTokens?: number
  } | null
  readonly error?: Failure
}

async function promptOf(
  { agent, approvals, session }: TurnDeps,
  cause: TurnCause,
  signal: AbortSignal,
  listener: Parameters<AgentSession["prompt"]>[0]["listener"],
): Promise<Outcome> {
  try {
    const resume = cause.cause === "recovery"
    const text = resume ? recoveryPrompt(await approvals.takeUp(), session().items) : cause.text
    const opened = await agent()
    return await opened.prompt({ text, resume, signal, listener })
  } catch (error) {
    const failure =
      error instanceof AgentFailed ? error.failure : { code: "agent_error", message: String(error) }
    return { stopReason: "error", usage: null, error: failure }
  }
}

/** Resolves only when the turn was cancelled and its agent did not end it in time. */
function givenUp(signal: AbortSignal, { dropAgent }: TurnDeps): Promise<Outcome> {
  return new Promise((resolve) => {
    const giveUp = () =>
      setTimeout(() => {
        // Dropped, not awaited: an agent that ignores a cancel may ignore this as well.
        void dropAgent()
        resolve({ stopReason: "cancelled", usage: null })
      }, CANCEL_GRACE_MS).unref()
    if (signal.aborted) giveUp()
    else signal.addEventListener("abort", giveUp, { once: true })
  })
}

/** Runs `work` when the signal aborts; the returned function waits for it, if it ran. */
function onceAborted(signal: AbortSignal, work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null
  const start = () => {
    running ??= work()
  }
  if (signal.aborted) start()
  else signal.addEventListener("abort", start, { once: true })
  return async () => {
    signal.removeEventListener("abort", start)
    await running
  }
}
