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

/** Blobs by another name: that of the fork, which goes on when the other session is pruned. */
export interface OwnBlob {
  readonly from: string
  readonly to: string
}

export function withOwnBlobs(
  events: readonly SessionEvent[],
  to: SessionId,
): { readonly events: readonly SessionEvent[]; readonly blobs: readonly OwnBlob[] } {
  const names = new Map<string, string>()
  const own = (name: string): string => {
    const mine = names.get(name) ?? `${to}/${name.slice(name.indexOf("/") + 1)}`
    names.set(name, mine)
    return mine
  }
  const renamed = events.map((event): SessionEvent => {
    if (event.type === "user_message" && event.attachments !== undefined) {
      const attachments = event.attachments.map((one) =>
        one.blob === undefined ? one : { ...one, blob: own(one.blob) },
      )
      return { ...event, attachments }
    }
    if ((event.type === "tool_call" || event.type === "tool_call_update") && event.outputBlob !== undefined)
      return { ...event, outputBlob: { ...event.outputBlob, blob: own(event.outputBlob.blob) } }
    return event
  })
  return { events: renamed, blobs: Array.from(names, ([from, mine]) => ({ from, to: mine })) }
}

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
