/**
 * What a new session takes from another one when it goes on from a moment of that: what was said and done, and which
 * checkpoints there were. Its agent, its cost and what was asked of its daemon stay behind.
 */
import { compacted } from "./compact.ts"
import { parseEvent, type SessionEvent } from "./event.ts"
import type { MessageId, SessionId, TurnId } from "./ids.ts"
import type { CheckpointMark, Session } from "./session.ts"

const TAKEN: ReadonlySet<SessionEvent["type"]> = new Set([
  "user_message",
  "message_steered",
  "turn_started",
  "agent_message_chunk",
  "agent_thought_chunk",
  "agent_message",
  "tool_call",
  "tool_call_update",
  "plan",
  "permission_request",
  "permission_resolved",
  "permission_ruled",
  "notice",
  "checkpoint",
  "note_written",
  "turn_ended",
])

/** The last event that belongs to checkpoint `n`: the end of its turn where it was taken after one. `null`: there is no such checkpoint. */
export function seqOfCheckpoint(raw: readonly unknown[], n: number): number | null {
  const events = raw.map(parseEvent).filter((event) => event !== null)
  const mark = events.find((event) => event.type === "checkpoint" && event.n === n)
  if (mark?.type !== "checkpoint") return null
  const end = events.find((event) => event.type === "turn_ended" && event.turnId === mark.turnId)
  return mark.when === "after_turn" ? (end?.seq ?? mark.seq) : mark.seq
}

/**
 * The checkpoint whose files a fork at that moment begins with: between two turns that with which the next one began,
 * since a person may have changed something meanwhile; else the last one before it.
 */
export function filesOfFork({ checkpoints, items }: Session, forkSeq: number): CheckpointMark | undefined {
  const next = checkpoints.find(({ seq }) => seq > forkSeq)
  const begun = items.find(
    (item) => item.type === "user" && item.turnId !== null && item.turnId === next?.turnId,
  )
  if (next?.when === "before_turn" && begun !== undefined && begun.seq === forkSeq + 1) return next
  return checkpoints.findLast(({ seq }) => seq <= forkSeq)
}

/** The events that a fork begins with, under its own first epoch. */
export function forkedEvents(raw: readonly unknown[], from: SessionId, forkSeq: number): SessionEvent[] {
  const before = compacted(raw)
    .map(parseEvent)
    .filter((event) => event !== null)
    .filter(({ seq }) => seq <= forkSeq)
  const begun = new Set<MessageId>()
  let open: TurnId | null = null
  for (const event of before) {
    if ((event.type === "turn_started" || event.type === "message_steered") && event.messageId)
      begun.add(event.messageId)
    if (event.type === "turn_started") open = event.turnId
    if (event.type === "turn_ended") open = null
  }
  const at = before.at(-1)?.at ?? ""
  const taken = before
    .filter(({ type }) => TAKEN.has(type))
    // What nobody had begun with by then is not asked of the fork.
    .filter((event) => event.type !== "user_message" || begun.has(event.messageId))
  const closing: Pick<Extract<SessionEvent, { type: "turn_ended" }>, "type" | "turnId" | "stopReason">[] =
    open === null ? [] : [{ type: "turn_ended", turnId: open, stopReason: "cancelled" }]
  return [{ type: "forked_from" as const, sessionId: from, forkSeq }, ...taken, ...closing].map(
    (event, seq) =>
      ({ id: `evt_fork_${seq}`, at, ...event, seq, epoch: 1 }) satisfies SessionEvent as SessionEvent,
  )
}
