/** Says on behalf of a dead daemon how its session stands. Of many who want to, the one that is granted it does. */
import { filesOf } from "#daemon/home"
import { openSpoolAnyhow } from "#daemon/set-aside"
import { activityWriter } from "#streams/activity-writer"
import type { Failure, Unstamped } from "#streams/event"
import type { SessionId } from "#streams/ids"
import { openPublisher } from "#streams/publisher"
import { needsDaemon, type Session } from "#streams/session"
import { grantEpoch, type Inbox, readInbox } from "../grant.ts"
import { lastWords } from "../last-words.ts"
import type { PlaneContext } from "../plane-context.ts"
import { notWaited, untaken } from "./asked.ts"
import type { Why } from "./finding.ts"

/** Sends the spool's rest and the session's end. */
export async function closeSession(
  context: PlaneContext,
  { sessionId, inbox, why }: { readonly sessionId: SessionId; readonly inbox: Inbox; readonly why: Why },
): Promise<void> {
  const words = lastWords(filesOf(context.home.path, sessionId).log, inbox.daemonEpoch)
  const spoken = await speakFor(context, { sessionId, inbox }, (session) => [
    ...untaken(session, inbox),
    ...notWaited(session, inbox),
    ...ending(session, why, words),
  ])
  if (spoken === null) return
  const { epoch, status } = spoken
  context.log({ event: "session_closed", sessionId, epoch, status, why })
}

/** Says something in a session that has no daemon, behind the rest of its spool. `null`: somebody else was granted it. */
export async function speakFor(
  { endpoint, home, log, patience }: PlaneContext,
  { sessionId, inbox }: { readonly sessionId: SessionId; readonly inbox: Inbox },
  first: (session: Session) => readonly Unstamped[],
): Promise<Session | null> {
  const grant = await grantEpoch(endpoint, sessionId, { ...patience, inbox, purpose: "closing" })
  if (grant === null) return null
  // One that ran on another host, or on another disk, has left nothing here.
  const { spool, notices } = openSpoolAnyhow(filesOf(home.path, sessionId).spool)
  using publisher = await openPublisher({
    endpoint,
    sessionId,
    epoch: grant.epoch,
    spool,
    first: (session) => [...notices, ...first(session)],
    onFatal: (error) => log({ event: "close_refused", sessionId, error: error.message }),
  })
  await writeRow({ endpoint, patience }, { session: publisher.session, epoch: grant.epoch })
  return { ...publisher.session, epoch: grant.epoch }
}

/** Writes the row of a session whose stream is at rest already. */
export async function restate(
  { endpoint, patience }: Pick<PlaneContext, "endpoint" | "patience">,
  session: Session,
  inbox: Inbox,
): Promise<void> {
  const { sessionId } = session
  const grant = await grantEpoch(endpoint, sessionId, { ...patience, inbox, purpose: "closing" })
  if (grant !== null) await writeRow({ endpoint, patience }, { session, epoch: grant.epoch })
}

/** What the list knows of it, so that nobody takes our own grant for something that was asked. */
export async function writeRow(
  { endpoint, patience }: Pick<PlaneContext, "endpoint" | "patience">,
  { session, epoch }: { readonly session: Session; readonly epoch: number },
): Promise<void> {
  const { sessionId } = session
  const { offset } = await readInbox(endpoint, sessionId, patience)
  const { signal } = new AbortController()
  const activity = activityWriter(endpoint, { sessionId, epoch, signal })
  activity.changed(session, offset)
  await activity.flushed()
}

const HINT = "Resume the session to go on."

function ending(session: Session, why: Why, { reason, tail }: ReturnType<typeof lastWords>): Unstamped[] {
  const logTail = tail === "" ? {} : { logTail: tail }
  const failure = (code: string, sentence: string): Failure => ({
    code,
    message: `${sentence}${reason ? `: ${reason}` : "."}`,
    hint: HINT,
  })
  if (why === "never_came" && session.turnId === null)
    return [
      {
        type: "session_failed",
        error: failure("start_failed", "The session's daemon did not start"),
        ...logTail,
      },
    ]
  if (!needsDaemon(session.status)) return []
  const what =
    why === "taken_over"
      ? `The host ${session.daemon?.host}, which holds the session, does not answer: its step is begun again elsewhere`
      : "The session's daemon is gone"
  return [
    {
      type: "session_interrupted",
      error: failure("daemon_lost", what),
      ...logTail,
    },
  ]
}
