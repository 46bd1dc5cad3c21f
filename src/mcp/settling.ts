/** Waits for a session, for a while: by its log, folded like everywhere, so that a turn that ends is seen at once. */
import type { MessageId, SessionId } from "#streams/ids"
import type { Session } from "#streams/session"
import { foldSession } from "#streams/session-fold"
import type { ControlPlane, SessionView } from "../plane.ts"
import { isSettled } from "./session-told.ts"

/** The last answer is near the end. */
const TAIL = 50

export interface Seen {
  readonly session: Session & Pick<SessionView["session"], "title" | "startedBy">
  readonly offset: string
}

/** The session as it stands. */
export async function seeSession(plane: ControlPlane, sessionId: SessionId): Promise<Seen> {
  const { session, items, offset } = await plane.getSession({ sessionId, tail: TAIL })
  return { session: { ...session, items }, offset }
}

/** The session when it is settled, or as it stands when the time is over. */
export async function waitForSession(
  plane: ControlPlane,
  sessionId: SessionId,
  { ms, signal, messageId }: { ms: number; signal: AbortSignal; messageId?: MessageId | undefined },
): Promise<Seen> {
  let { session, offset } = await seeSession(plane, sessionId)
  const over = AbortSignal.any([signal, AbortSignal.timeout(ms)])
  if (isSettled(session, messageId) || over.aborted) return { session, offset }
  const { title, startedBy } = session
  for await (const next of plane.follow({ sessionId, offset, signal: over })) {
    session = { ...foldSession(session, [next.event]), title, startedBy }
    offset = next.offset
    if (isSettled(session, messageId)) break
  }
  return { session, offset }
}
