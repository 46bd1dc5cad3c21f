/**
 * The life of a session while one daemon holds it: takes commands from the inbox, runs one turn at a time, and
 * leaves when nothing has been asked for a while. Everything it knows is in the streams, so the next daemon goes
 * on where this one ends, however it ends.
 */
import { type Command, parseCommand } from "#streams/command"
import type { PermissionMode } from "#streams/event"
import { MessageId, type RequestId } from "#streams/ids"
import { isDue, resumesAt, stopsWaiting } from "#streams/limit"
import type { Publisher } from "#streams/publisher"
import type { Batch } from "#streams/stream"
import type { Approvals } from "./approvals.ts"
import { filesAsked } from "./files-asked.ts"
import type { Pushing } from "./pushing.ts"
import { type CancelReason, runTurn, type TurnCause, type TurnDeps } from "./turn.ts"

export interface SessionDeps extends Omit<TurnDeps, "sayLater"> {
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
  readonly setLimits: (asked: Extract<Command, { type: "set_limits" }>) => void
  readonly onPlace: (inboxOffset: string) => void
  readonly setMode: (mode: PermissionMode) => void
  readonly setOption: (optionId: string, value: string) => void
  readonly pushing: Pick<Pushing, "perform" | "busy">
}

type UserMessage = Pick<
  Extract<Command, { type: "user_message" }>,
  "messageId" | "text" | "mode" | "attachments"
>

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
  const steering = new Map<MessageId, AbortController>()
  const files = filesAsked(deps.checkpoints, () => publisher.session)
  /** As it was set last. The inbox is read from its start, so earlier ones are history until all of it was read. */
  let mode: PermissionMode | null = null
  let idle: NodeJS.Timeout | undefined
  let limitOver: NodeJS.Timeout | undefined

  function advance(): void {
    if (turn || files.busy || !caughtUp || shutdown.signal.aborted) return
    if (files.begin(advance)) {
      stay()
      return
    }
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

  function stay(): void {
    clearTimeout(idle)
    clearTimeout(limitOver)
    idle = undefined
  }

  function start(cause: TurnCause): void {
    stay()
    const cancel = new AbortController()
    if (cancelNext) cancel.abort("cancelled" satisfies CancelReason)
    cancelNext = false
    const done = runTurn(cause, cancel.signal, { ...deps, sayLater })
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
    const tail = await deps.inboxTail().catch((error: unknown) => {
      // It may have been asked twice while the store was away: the first answer lets us leave, which ends the other.
      if (shutdown.signal.aborted) return null
      throw error
    })
    if (tail === null) return
    // What came meanwhile may be at work by now, and be no longer ahead of us in the inbox.
    if (turn || files.busy || deps.pushing.busy || tail !== place) return advance()
    ending = "idle"
    shutdown.abort()
  }

  function takeMessage({ messageId, text, mode, attachments }: UserMessage): void {
    if (publisher.session.taken.includes(messageId)) return
    publish({ type: "user_message", messageId, text, ...(attachments && { attachments }) })
    if (mode === "steer" && turn) void steer(messageId)
    if (mode !== "interrupt") return
    nextUp = messageId
    turn?.cancel.abort("cancelled" satisfies CancelReason)
  }

  const queued = (messageId: MessageId) =>
    publisher.session.queue.find((message) => message.messageId === messageId)

  /** Puts a message of the queue into the running turn, where the agent can hear it; else it stays in the queue. */
  async function steer(messageId: MessageId): Promise<void> {
    const message = queued(messageId)
    if (!message) return
    const withdrawn = new AbortController()
    steering.set(messageId, withdrawn)
    // One that cannot be opened says so as the end of the turn.
    const agent = await deps.agent().catch(() => null)
    const outcome = await agent?.steer(message, withdrawn.signal)
    steering.delete(messageId)
    const { turnId } = publisher.session
    // It may have had a turn of its own by now, if the agent took its time.
    if (!queued(messageId)) return
    if (outcome === "taken" && turnId !== null) publish({ type: "message_steered", turnId, messageId })
    else if (withdrawn.signal.aborted) withdraw(messageId)
    else if (outcome === "unable")
      publish({
        type: "notice",
        severity: "info",
        category: "steer",
        title: "This agent hears nothing while it works: the message waits for the end of its turn.",
      })
  }

  /** What the agent is being asked to hear is withdrawn only if it has not heard it. */
  function withdraw(messageId: MessageId): void {
    const asked = steering.get(messageId)
    if (asked) asked.abort()
    else if (queued(messageId)) publish({ type: "message_withdrawn", messageId })
  }

  /** The same refusal always makes the same message, so that it is said once. */
  function sayLater(requestId: RequestId, text: string): void {
    const messageId = MessageId.parse(requestId.replace("req_", "msg_note_"))
    takeMessage({ messageId, text, mode: "steer" })
  }

  function applyMode(): void {
    if (mode !== null && mode !== publisher.session.permissionMode) deps.setMode(mode)
  }

  function take(command: Command): void {
    switch (command.type) {
      case "user_message":
        takeMessage(command)
        return
      case "withdraw":
        withdraw(command.messageId)
        return
      case "permission_response":
        approvals.answer(command.requestId, command)
        return
      case "set_mode":
        mode = command.mode
        if (caughtUp) applyMode()
        return
      case "set_title":
        return
      case "set_config_option":
        deps.setOption(command.optionId, command.value)
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
        if (ours) deps.setLimits(command)
        return
      case "checkpoint_requested":
      case "restore_requested":
      case "give_back_requested":
        files.take(command, turn !== null)
        return
      case "push_requested":
        deps.pushing.perform(command)
        return
      case "resume_requested":
        if (!turn && publisher.session.turns === command.turns) resume = true
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
    if (batch.upToDate && !caughtUp) applyMode()
    caughtUp ||= batch.upToDate
    advance()
  }

  clearTimeout(idle)
  clearTimeout(limitOver)
  const running = turn as { readonly cancel: AbortController; readonly done: Promise<void> } | null
  running?.cancel.abort("stopped" satisfies CancelReason)
  await running?.done
  await files.settled()
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
