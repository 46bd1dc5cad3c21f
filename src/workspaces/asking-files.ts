/** Asks a daemon something about the files or the branch of its session, and waits until that is settled. */
import type { Address } from "#daemon/git/address"
import { RemoteRefused, remoteNamed } from "#daemon/git/remote"
import type { Failure } from "#streams/event"
import type { RequestId, SessionId } from "#streams/ids"
import type { Session } from "#streams/session"
import { wait } from "#streams/transport"
import type { Reach } from "../control/reach.ts"
import type { PlaneContext } from "../plane-context.ts"
import { PROBLEMS, Problem, type ProblemSlug } from "../problem.ts"

/** A daemon has to be started for it at worst, and a large tree takes its time. */
export const PERFORM_LIMIT_MS = 120_000

/** Resolves with the session once the request is settled. Throws {@link Problem} where it was refused. */
export async function settledFiles(
  { folds }: Pick<PlaneContext, "folds">,
  reach: Pick<Reach, "entryOf" | "wake">,
  {
    sessionId,
    requestId,
    limitMs = PERFORM_LIMIT_MS,
    otherwise = "checkpoint_failed",
  }: {
    readonly sessionId: SessionId
    readonly requestId: RequestId
    readonly limitMs?: number
    /** The slug of a failure that is none of ours. */
    readonly otherwise?: ProblemSlug
  },
): Promise<Session> {
  const entry = await reach.entryOf(sessionId)
  reach.wake(entry, { resume: false, until: (session) => session.settled.includes(requestId) })
  for (let waited = 0; waited < limitMs; waited += 50) {
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
    `Session ${sessionId} did not come to it in ${Math.round(limitMs / 60_000)} minutes: \`agentz show ${sessionId}\` tells when it has.`,
  )
}

/** The address of a remote that there has to be. Throws {@link Problem}. */
export const addressOfRemote = (root: string, remote: string): Promise<Address> =>
  remoteNamed(root, remote).catch((error: unknown) => {
    throw error instanceof RemoteRefused ? problemOf(error.failure, "remote_refused") : error
  })

/** A failure that a session has told, as a refusal of whoever asked for it. */
function problemOf({ code, message, hint }: Failure, otherwise: ProblemSlug): Problem {
  const reason: ProblemSlug = code in PROBLEMS ? (code as ProblemSlug) : otherwise
  return new Problem(reason, hint === undefined ? message : `${message} ${hint}`)
}
