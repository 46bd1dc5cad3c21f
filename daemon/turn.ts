/** One turn, from its first event to its last. However the agent ends, the turn ends, and says why. */
import { setTimeout as sleep } from "node:timers/promises"
import type { SessionUpdate } from "@agentclientprotocol/sdk"
import type { Blob } from "#streams/blob"
import type { Unstamped } from "#streams/event"
import { newTurnId, type RequestId, type TurnId } from "#streams/ids"
import type { OnLimit } from "#streams/limit"
import type { QueuedMessage, Session } from "#streams/session"
import type { Told } from "./acp/calls.ts"
import { coalesce } from "./acp/coalesce.ts"
import { narrator } from "./acp/narrate.ts"
import type { Dialect, Reported } from "./acp/said.ts"
import { type Trouble, troubleOfError } from "./acp/trouble.ts"
import { costSince, usageEvent } from "./acp/usage.ts"
import { AgentFailed } from "./agent-failed.ts"
import type { AgentSession } from "./agent-session.ts"
import type { Approvals } from "./approvals.ts"
import type { Checkpoints } from "./checkpoints.ts"
import { limitEvent } from "./limit.ts"
import { LimitReached, type WatchTurn } from "./limits.ts"
import type { Notes } from "./notes/notes.ts"
import { recoveryPrompt } from "./permissions/recovery.ts"
import { toldCalls } from "./permissions/told-calls.ts"
import type { Redactor } from "./redact.ts"
import type { MakeReady } from "./set-up.ts"

export interface TurnDeps {
  readonly publish: (event: Unstamped) => void
  /** Makes it durable before any event that is published after it. */
  readonly keepBlob: (blob: Blob) => void
  readonly session: () => Session
  readonly dialect: Dialect
  readonly redactor: Redactor
  readonly onLimit: OnLimit
  /** Holds the turn to what the session may use. */
  readonly watch: WatchTurn
  readonly approvals: Approvals
  /** Sees to it that the agent can work in its directory. */
  readonly makeReady: MakeReady
  /** Keeps the files as they are before and after the turn. */
  readonly checkpoints: Checkpoints
  /** Gives the agent its last note again, where it may not know of it any more. */
  readonly notes: Pick<Notes, "give">
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

/** Limits that a process of the agent itself may have broken. */
const RUNAWAY: ReadonlySet<string> = new Set(["memory_limit", "process_limit", "disk_limit"])

/** `stopped`: the whole session is being stopped, and what ends the turn is said by the caller. */
export type CancelReason = "cancelled" | "stopped"

export async function runTurn(cause: TurnCause, cancel: AbortSignal, deps: TurnDeps): Promise<void> {
  const { publish, approvals } = deps
  const turnId = newTurnId()
  const { sessionId, limit: limitBefore } = deps.session()
  const story = narrator(turnId, { sessionId, dialect: deps.dialect, redactor: deps.redactor })
  using chunks = coalesce(publish)
  using watch = deps.watch(cancel, () => spentBy(deps.session(), story.reported))
  const { signal } = watch
  const tell = (told: readonly Told[]) => {
    for (const one of told) {
      if (one.type === "blob") deps.keepBlob(one.blob)
      else chunks.push(one)
    }
  }

  publish({
    type: "turn_started",
    turnId,
    cause: cause.cause,
    ...(cause.cause === "user" && { messageId: cause.messageId }),
  })
  const calls = toldCalls()
  const listener = {
    update: (update: SessionUpdate) => {
      calls.heard(update)
      if (!over) tell(story.tell({ wire: "update", update }, Date.now()))
    },
    permission: (request: Parameters<Approvals["ask"]>[1]) => {
      chunks.flush()
      const toolCall = calls.whole(request.toolCall)
      return approvals.ask(turnId, { ...request, toolCall }, deps.sayLater)
    },
  }
  let over = false
  const cancelled = onceAborted(signal, async () => {
    approvals.cancelOpen(turnId)
    await deps.killTools()
  })

  const outcome = await Promise.race([
    promptOf(deps, cause, { turnId, limited: limitBefore !== null, signal, listener }),
    givenUp(signal, deps),
  ])
  over = true
  await cancelled()
  if (cause.cause === "recovery") approvals.settleOrphans("The agent did not ask for it again.")
  if (outcome.response) tell(story.tell({ wire: "response", response: outcome.response }, Date.now()))
  tell(story.end())
  chunks.flush()
  if (outcome.response && !story.trouble && !signal.aborted && sumsUp(cause, deps.dialect))
    publish({ type: "context_compacted", turnId })
  if (signal.aborted && signal.reason === ("stopped" satisfies CancelReason)) return

  const reached = cancel.aborted ? null : watch.reached()
  // Whatever of it still runs would go on to use what it may not.
  if (reached && RUNAWAY.has(reached.code)) await Promise.race([deps.dropAgent(), sleep(CANCEL_GRACE_MS)])
  // Before the turn is over, so that whoever waits for its end finds what it did.
  await deps.checkpoints.aroundTurn("after_turn", turnId)
  const usage = usageEvent(turnId, story.reported, deps.session().reportedCostUsd)
  if (usage) publish(usage)
  const trouble: Trouble | null = reached
    ? { failure: reached }
    : signal.aborted
      ? null
      : (outcome.trouble ?? story.trouble)
  if (trouble?.limit) {
    const { limit } = story
    const until = trouble.limit.until ?? limit?.until ?? null
    publish(
      limitEvent(turnId, trouble.failure, {
        limit: { kind: trouble.limit.kind, until },
        onLimit: deps.onLimit,
        inARow: deps.session().limitsInARow,
        now: Date.now(),
      }),
    )
  }
  publish({
    type: "turn_ended",
    turnId,
    stopReason: trouble ? "error" : signal.aborted ? "cancelled" : outcome.stopReason,
    ...(trouble && { error: trouble.failure }),
  })
}

const sumsUp = (cause: TurnCause, { sumsUpOn }: Dialect): boolean =>
  cause.cause === "user" && sumsUpOn !== undefined && cause.text.trim() === sumsUpOn

/** With what the running turn has reported up to now. */
function spentBy(
  { usage, reportedCostUsd }: Session,
  { inputTokens = 0, outputTokens = 0, totalCostUsd }: Reported,
) {
  const costNow = totalCostUsd === undefined ? 0 : costSince(totalCostUsd, reportedCostUsd)
  return {
    costUsd: (usage.costUsd ?? 0) + costNow,
    tokens: usage.inputTokens + usage.outputTokens + inputTokens + outputTokens,
  }
}

interface Outcome {
  readonly stopReason: "end_turn" | "max_tokens" | "max_turn_requests" | "refusal" | "cancelled" | "error"
  /** What the agent answered to the prompt, if it did. */
  readonly response?: unknown
  readonly trouble?: Trouble
}

interface Prompting {
  readonly turnId: TurnId
  /** A limit ended the turn before. */
  readonly limited: boolean
  readonly signal: AbortSignal
  readonly listener: Parameters<AgentSession["prompt"]>[0]["listener"]
}

async function promptOf(
  { agent, approvals, session, makeReady, checkpoints, notes }: TurnDeps,
  cause: TurnCause,
  { turnId, limited, signal, listener }: Prompting,
): Promise<Outcome> {
  // Used up before it began: the agent is not even asked.
  if (signal.reason instanceof LimitReached) return { stopReason: "cancelled" }
  try {
    await makeReady(turnId, signal)
    await checkpoints.aroundTurn("before_turn", turnId)
    const resume = cause.cause === "recovery"
    const text = resume ? recoveryPrompt(await approvals.takeUp(), session().items, { limited }) : cause.text
    const opened = await agent()
    const attachments = cause.cause === "user" ? cause.attachments : undefined
    // Once it is open: whether it has its memory is known by then.
    const note = notes.give(turnId)
    return await opened.prompt({ text, note, attachments, resume, signal, listener })
  } catch (error) {
    return { stopReason: "error", trouble: troubleOf(error) }
  }
}

/** What the agent itself says of its failure counts; one of which only a message is known is read for what it means. */
function troubleOf(error: unknown): Trouble {
  const now = Date.now()
  if (!(error instanceof AgentFailed)) return troubleOfError(error, now)
  const read = troubleOfError(error.cause ?? error, now)
  if (error.failure.code === "agent_error") return read
  return { failure: error.failure, ...(read.limit && { limit: read.limit }) }
}

/** Resolves only when the turn was cancelled and its agent did not end it in time. */
function givenUp(signal: AbortSignal, { dropAgent }: TurnDeps): Promise<Outcome> {
  return new Promise((resolve) => {
    const giveUp = () =>
      setTimeout(() => {
        // Dropped, not awaited: an agent that ignores a cancel may ignore this as well.
        void dropAgent()
        resolve({ stopReason: "cancelled" })
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
