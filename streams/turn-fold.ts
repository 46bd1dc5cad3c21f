/** How messages, texts and calls of a turn are folded, from its beginning to its end. */
import type { Failure, SessionEvent, StopReason } from "./event.ts"
import type { TurnId } from "./ids.ts"
import { cancelOpen } from "./permission-fold.ts"
import { lastLineOf, type Status } from "./session.ts"
import { type Draft, openText, openTool, place, takeOut } from "./session-draft.ts"

export type TurnEvent = Extract<
  SessionEvent,
  {
    readonly type:
      | "user_message"
      | "message_withdrawn"
      | "message_steered"
      | "turn_started"
      | "agent_message_chunk"
      | "agent_thought_chunk"
      | "message_reset"
      | "agent_message"
      | "tool_call"
      | "tool_call_update"
      | "turn_ended"
  }
>

export function applyTurnEvent(draft: Draft, event: TurnEvent): void {
  switch (event.type) {
    case "user_message":
      if (draft.taken.includes(event.messageId)) return
      draft.taken = [...draft.taken, event.messageId]
      draft.queue = [
        ...draft.queue,
        { messageId: event.messageId, text: event.text, ...withAttachments(event) },
      ]
      draft.lastLine = lastLineOf(event.text)
      draft.items.push({
        ...place(event, event.messageId),
        type: "user",
        messageId: event.messageId,
        text: event.text,
        turnId: null,
        ...withAttachments(event),
      })
      return

    case "message_withdrawn":
      if (!draft.queue.some(({ messageId }) => messageId === event.messageId)) return
      draft.queue = draft.queue.filter(({ messageId }) => messageId !== event.messageId)
      takeOut(draft, event.messageId)
      return

    case "message_steered":
      if (draft.turnId !== event.turnId) return
      draft.queue = draft.queue.filter(({ messageId }) => messageId !== event.messageId)
      moveToEnd(draft, { ...event, steered: true })
      return

    case "turn_started":
      if (draft.turnId) closeTurn(draft, event, "interrupted", null)
      draft.turnId = event.turnId
      draft.turns += 1
      draft.status = "running"
      draft.error = null
      draft.limit = null
      draft.queue = draft.queue.filter(({ messageId }) => messageId !== event.messageId)
      if (event.messageId) moveToEnd(draft, event)
      return

    case "agent_message_chunk":
      openText(draft, "message", event).text += event.text
      return

    case "agent_thought_chunk":
      openText(draft, "thought", event).text += event.text
      return

    case "message_reset":
      openText(draft, "message", event).text = ""
      return

    case "agent_message": {
      const item = openText(draft, "message", event)
      item.text = event.text
      item.done = true
      draft.lastLine = lastLineOf(event.text) || draft.lastLine
      return
    }

    case "tool_call":
    case "tool_call_update": {
      const tool = openTool(draft, event, event)
      if (event.title !== undefined) tool.title = event.title
      if (event.kind !== undefined) tool.kind = event.kind
      if (event.status !== undefined) tool.status = event.status
      if (event.locations !== undefined) tool.locations = event.locations
      if (event.input !== undefined) tool.input = event.input
      if (event.content !== undefined) tool.content = event.content
      if (event.output !== undefined) tool.output = event.output
      if (event.outputTruncated !== undefined) tool.outputTruncated = event.outputTruncated
      if (event.outputBlob !== undefined) tool.outputBlob = event.outputBlob
      if (event.exitCode !== undefined) tool.exitCode = event.exitCode
      if (event.interrupted !== undefined) tool.interrupted = event.interrupted
      if (event.type === "tool_call_update" && event.appendOutput !== undefined)
        tool.output += event.appendOutput
      draft.lastLine = tool.title
      return
    }

    case "turn_ended":
      closeTurn(draft, event, event.stopReason, event.error ?? null)
      return
  }
}

/** The status that a turn leaves behind. */
const STATUS_AFTER: Record<StopReason, Status> = {
  end_turn: "completed",
  max_tokens: "completed",
  max_turn_requests: "completed",
  refusal: "completed",
  cancelled: "cancelled",
  error: "failed",
  interrupted: "interrupted",
}

/** Nothing stays open past the end of its turn: texts are done, calls that had no end were cut off. */
export function closeTurn(
  draft: Draft,
  event: SessionEvent,
  stopReason: StopReason,
  error: Failure | null,
): void {
  const { turnId } = draft
  if (turnId === null) return
  for (let index = draft.items.length - 1; index >= 0; index--) {
    const item = draft.items[index]
    if (item === undefined || item.type === "turn_end") break
    if ((item.type === "message" || item.type === "thought") && !item.done)
      draft.items[index] = { ...item, done: true }
    if (item.type === "tool" && (item.status === "pending" || item.status === "in_progress"))
      draft.items[index] = { ...item, status: "failed", interrupted: true }
  }
  // An interrupted turn keeps its approvals: they can be answered after the restart. Any other end settles them.
  if (stopReason !== "interrupted") cancelOpen(draft, turnId, event)
  draft.items.push({ ...place(event, `${turnId}/end`), type: "turn_end", turnId, stopReason, error })
  draft.turnId = null
  if (stopReason !== "error") draft.limitsInARow = 0
  draft.status = STATUS_AFTER[stopReason]
  draft.error = error
}

/** A queued message is read where a turn begins with it or takes it in, not where it was typed. */
function moveToEnd(
  draft: Draft,
  {
    turnId,
    messageId,
    seq,
    steered,
  }: Pick<SessionEvent, "seq"> & { turnId: TurnId; messageId?: string | undefined; steered?: true },
): void {
  const item = takeOut(draft, messageId)
  if (item?.type === "user") draft.items.push({ ...item, turnId, seq, ...(steered && { steered }) })
}

const withAttachments = ({ attachments }: Extract<SessionEvent, { type: "user_message" }>) =>
  attachments && { attachments }
