/** The checkpoints of a session without its daemon and streams: what it publishes is folded. */
import { type Checkpoints, checkpointsOf } from "#daemon/checkpoints"
import type { SessionEvent, Unstamped } from "#streams/event"
import { newEventId, newRequestId, newSessionId, newTurnId, type SessionId } from "#streams/ids"
import { emptySession, type Session } from "#streams/session"
import { foldSession } from "#streams/session-fold"

export interface KeptSession extends Pick<Checkpoints, "noted"> {
  readonly sessionId: SessionId
  readonly session: Session
  readonly events: readonly SessionEvent[]
  /** A turn in which `work` is done. */
  turn(work: () => unknown): Promise<void>
  keep(note?: string): Promise<void>
  /** Gives the slug of a refusal, or `null`. */
  restore(n: number): Promise<string | null>
  say(event: Unstamped): void
}

type Where = { readonly home: string; readonly path: string }

export function keptSession(
  { home, path }: Where,
  from?: Pick<KeptSession, "sessionId" | "events">,
): KeptSession {
  const sessionId = from?.sessionId ?? newSessionId()
  const events: SessionEvent[] = [...(from?.events ?? [])]
  let session = foldSession(emptySession(sessionId), events)
  const publish = (event: Unstamped) => {
    const stamp = { id: newEventId(), seq: session.seq + 1, epoch: 1, at: "2026-01-01T00:00:00.000Z" }
    const stamped = { ...stamp, ...event } as SessionEvent
    events.push(stamped)
    session = foldSession(session, [stamped])
  }
  const checkpoints = checkpointsOf({ home, sessionId, workingDir: path, session: () => session, publish })
  const at = new Date(0).toISOString()
  return {
    sessionId,
    events,
    get session() {
      return session
    },
    async turn(work) {
      const turnId = newTurnId()
      publish({ type: "turn_started", turnId, cause: "user" })
      await checkpoints.aroundTurn("before_turn", turnId)
      await work()
      await checkpoints.aroundTurn("after_turn", turnId)
      publish({ type: "turn_ended", turnId, stopReason: "end_turn" })
    },
    noted: checkpoints.noted,
    keep: (note) =>
      checkpoints.perform({
        type: "checkpoint_requested",
        requestId: newRequestId(),
        at,
        ...(note !== undefined && { note }),
      }),
    async restore(n) {
      const requestId = newRequestId()
      const { turns } = session
      await checkpoints.perform({ type: "restore_requested", requestId, n, turns, at })
      const refused = events.find((one) => one.type === "files_refused" && one.requestId === requestId)
      return refused?.type === "files_refused" ? refused.error.code : null
    },
    say: publish,
  }
}
