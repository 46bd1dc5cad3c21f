/** What a session was asked that no daemon has done yet. */
import type { Unstamped } from "#streams/event"
import { stopsWaiting } from "#streams/limit"
import type { Session } from "#streams/session"
import type { Inbox } from "../grant.ts"

/** Messages that wait in the inbox and no daemon has taken. */
export function untaken(session: Session, inbox: Inbox): Unstamped[] {
  const seen = new Set(session.taken)
  for (const command of inbox.commands) if (command.type === "withdraw") seen.add(command.messageId)
  return inbox.commands.flatMap((command) => {
    if (command.type !== "user_message" || seen.has(command.messageId)) return []
    seen.add(command.messageId)
    const { messageId, text, attachments } = command
    return [{ type: "user_message" as const, messageId, text, ...(attachments && { attachments }) }]
  })
}

/** The session was to go on by itself, and a person said that it should not. */
export const notWaited = (session: Session, inbox: Inbox): Unstamped[] =>
  inbox.commands.flatMap((command) => (command.type === "stop_waiting" ? stopsWaiting(session, command) : []))

/**
 * Whether a daemon is wanted although none was started for it: by a message, by the answer to an open question, or to
 * put files back, which may have been begun.
 */
export function isAsked(session: Session, inbox: Inbox): boolean {
  if (untaken(session, inbox).length > 0 || isHalfRestored(session, inbox)) return true
  // A daemon goes on with its queue by itself, unless its turn was cut off: then a person decides.
  if (session.status === "completed" || session.status === "cancelled") return session.queue.length > 0
  return session.status !== "failed" && isAnsweredOrphan(session, inbox)
}

const isHalfRestored = ({ turns, settled }: Session, inbox: Inbox): boolean =>
  inbox.commands.some(
    (command) =>
      command.type === "restore_requested" && command.turns === turns && !settled.includes(command.requestId),
  )

const isAnsweredOrphan = (session: Session, inbox: Inbox): boolean =>
  session.approvals.some(({ requestId }) =>
    inbox.commands.some(
      (command) => command.type === "permission_response" && command.requestId === requestId,
    ),
  )
