/** Waits for a session or a run, for a while: by its log, folded like everywhere, so that an end is seen at once. */
import type { MessageId, SessionId } from "#streams/ids"
import type { Session } from "#streams/session"
import { foldSession } from "#streams/session-fold"
import { foldRun } from "#streams/workflow/run-fold"
import type { ControlPlane, SessionView } from "../plane.ts"
import type { RunView, WorkflowPlane } from "../workflows/plane.ts"
import { asksPerson, isOver } from "./run-told.ts"
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

/** Returns when the run is over or asks a person, or the time is over. */
export async function waitForRun(
  workflows: Pick<WorkflowPlane, "follow">,
  { run: before, offset }: RunView,
  { ms, signal }: { readonly ms: number; readonly signal: AbortSignal },
): Promise<void> {
  let run = before
  const over = AbortSignal.any([signal, AbortSignal.timeout(ms)])
  if (isOver(run) || asksPerson(run)) return
  for await (const { event } of workflows.follow({ runId: run.runId, offset, signal: over })) {
    run = foldRun(run, [event])
    if (isOver(run) || asksPerson(run)) return
  }
}
