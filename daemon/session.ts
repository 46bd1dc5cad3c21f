/**
 * The life of a session while one daemon holds it: takes commands from the inbox, runs one turn at a time, and
 * leaves when nothing has been asked for a while. Everything it knows is in the streams, so the next daemon goes
 * on where this one ends, however it ends.
 */
import { type Command, parseCommand } from "#streams/command"
import type { MessageId } from "#streams/ids"
import { isDue, resumesAt, stopsWaiting } from "#streams/limit"
import type { Publisher } from "#streams/publisher"
import type { Limits } from "#streams/session-limits"
import type { Batch } from "#streams/stream"
import type { Approvals } from "./approvals.ts"
import { type CancelReason, runTurn, type TurnCause, type TurnDeps } from "./turn.ts"

export interface SessionDeps extends TurnDeps {
  readonly publisher: Publisher
  readonly approvals: Approvals
  readonly epoch: number
  /** Take up the turn that was interrupted. */
  readonly resume: boolean
  readonly idleMs: number
  /** The inbox from its start, live; ends when `shutdown` aborts. */
  readonly inbox: AsyncIterable<Batch>
  /** The inbox's end as the server knows it now. */
  readonly inboxTail: () => Promise<string>
  /** Aborting it stops the session: the way out for signals, for `stop`, and for a writer that was fenced. */
  readonly shutdown: AbortController
  readonly setLimits: (limits: Limits) => void
  readonly onPlace: (inboxOffset: string) => void
}

export type Ending = "idle" | "stopped" | "fenced"

export async function runSession(deps: SessionDeps): Promise<Ending> {
  const { publisher, approvals, shutdown, publish } = deps
  let turn: { readonly cancel: AbortController; readonly done: Promise<void> } | null = null
  let resume = deps.resume
  let ending = "stopped" as Ending
  let caughtUp = false
  let place = ""
  /** Whether our own grant was read: what was asked before it was asked of a daemon that is no more. */
  let ours = false
  let cancelNext = false
  let nextUp: MessageId | null = null
  let idle: NodeJS.Timeout | undefined
  let limitOver: NodeJS.Timeout | undefined

  function advance(): void {
    if (turn || !caughtUp || shutdown.signal.aborted) return
    const cause = nextCause()
    if (cause) start(cause)
    else rest()
  }

  function rest(): void {
    idle ??= setTimeout(leaveIfIdle, deps.idleMs)
    // If we are still here by then it is for us to go on; else a control plane starts the next daemon.
    const time = resumesAt(publisher.session)
    clearTimeout(limitOver)
    if (time !== null && time - Date.now() < deps.idleMs)
      limitOver = setTimeout(advance, Math.max(0, time - Date.now()))
  }

  function nextCause(): TurnCause | null {
    const { queue, turns } = publisher.session
    const recover =
      (resume && turns > 0) || approvals.answeredOrphans() || isDue(publisher.session, Date.now())
    resume = false
    if (recover) return { cause: "recovery" }
    const message = queue.find(({ messageId }) => messageId === nextUp) ?? queue[0]
    if (!message) return null
    approvals.settleOrphans("A new message came first.")
    return { cause: "user", ...message }
  }

  function start(cause: TurnCause): void {
    clearTimeout(idle)
    clearTimeout(limitOver)
    idle = undefined
    const cancel = new AbortController()
    if (cancelNext) cancel.abort("cancelled" satisfies CancelReason)
    cancelNext = false
    const done = runTurn(cause, cancel.signal, deps)
      .catch((error: unknown) => {
        ending = "stopped"
        shutdown.abort(error)
      })
      .finally(() => {
        turn = null
        advance()
      })
    turn = { cancel, done }
  }

  async function leaveIfIdle(): Promise<void> {
    idle = undefined
    if (turn || (await deps.inboxTail()) !== place) return advance()
    ending = "idle"
    shutdown.abort()
  }

  function take(command: Command): void {
    switch (command.type) {
      case "user_message": {
        const { messageId, text, mode } = command
        if (publisher.session.taken.includes(messageId)) return
        publish({ type: "user_message", messageId, text })
        if (mode !== "interrupt") return
        nextUp = messageId
        turn?.cancel.abort("cancelled" satisfies CancelReason)
        return
      }
      case "permission_response":
        approvals.answer(command.requestId, command.decision)
        return
      case "cancel_requested":
        if (!ours) return
        if (turn) turn.cancel.abort("cancelled" satisfies CancelReason)
        else cancelNext = publisher.session.queue.length > 0 || resume
        return
      case "stop_waiting":
        for (const event of stopsWaiting(publisher.session, command)) publish(event)
        return
      case "set_limits":
        if (ours) deps.setLimits(command.limits)
        return
      case "stop":
        if (ours) shutdown.abort()
        return
      case "starting":
        if (command.epoch === deps.epoch) ours = true
        if (command.epoch > deps.epoch) {
          ending = "fenced"
          shutdown.abort()
        }
        return
    }
  }

  for await (const batch of deps.inbox) {
    for (const item of batch.items) {
      const command = parseCommand(item)
      if (command) take(command)
    }
    place = batch.offset
    deps.onPlace(place)
    caughtUp ||= batch.upToDate
    advance()
  }

  clearTimeout(idle)
  clearTimeout(limitOver)
  const running = turn as { readonly cancel: AbortController; readonly done: Promise<void> } | null
  running?.cancel.abort("stopped" satisfies CancelReason)
  await running?.done
  if (shutdown.signal.reason instanceof Error && shutdown.signal.reason.name !== "AbortError")
    throw shutdown.signal.reason
  if (ending !== "fenced") sayGoodbye(deps, ending, running !== null)
  return ending
}

function sayGoodbye({ publish }: SessionDeps, ending: "idle" | "stopped", inTurn: boolean): void {
  if (inTurn)
    publish({
      type: "session_interrupted",
      error: {
        code: "stopped",
        message: "agentz was stopped while this turn ran.",
        hint: "Resume it to go on.",
      },
    })
  else publish({ type: "session_ended", reason: ending })
}
