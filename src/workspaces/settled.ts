/** Waiting until the daemon of a session has done what it was asked, or has said why not. */
import type { Failure } from "#streams/event"
import type { RequestId, SessionId } from "#streams/ids"
import type { Session } from "#streams/session"
import { wait } from "#streams/transport"
import type { Reach } from "../control/reach.ts"
import type { Folds } from "../folds.ts"
import { PROBLEMS, Problem, type ProblemSlug } from "../plane.ts"

export interface Awaited {
  readonly sessionId: SessionId
  readonly requestId: RequestId
  /** A daemon has to be started for it at worst, and what is large takes its time. */
  readonly withinMs: number
  /** The slug of a failure that has no page of its own. */
  readonly otherwise: ProblemSlug
}

/** Resolves with the session once the request is settled. Throws {@link Problem} where it was refused. */
export async function settledBy(
  { folds, reach }: { readonly folds: Pick<Folds, "session">; readonly reach: Reach },
  { sessionId, requestId, withinMs, otherwise }: Awaited,
): Promise<Session> {
  const entry = await reach.entryOf(sessionId)
  reach.wake(entry, { resume: false, until: (session) => session.settled.includes(requestId) })
  for (let waited = 0; waited < withinMs; waited += 50) {
    const { value } = await folds.session(sessionId)
    if (value.settled.includes(requestId)) {
      const refusals = [value.filesRefused, value.workspace.refused]
      const refusal = refusals.find((one) => one?.requestId === requestId)
      if (refusal) throw problemOf(refusal.error, otherwise)
      return value
    }
    await wait(50)
  }
  throw new Problem(
    "session_busy",
    `Session ${sessionId} did not come to it within ${Math.round(withinMs / 60_000)} minutes: \`agentz show ${sessionId}\` tells when it has.`,
  )
}

/** A failure that a session has told, as a refusal of whoever asked for it. */
export function problemOf({ code, message, hint }: Failure, otherwise: ProblemSlug): Problem {
  const reason: ProblemSlug = code in PROBLEMS ? (code as ProblemSlug) : otherwise
  return new Problem(reason, hint === undefined ? message : `${message} ${hint}`)
}
