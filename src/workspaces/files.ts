/** The files of sessions: what became of them, and asking their daemons to keep them or to put them back. */
import { existsSync } from "node:fs"
import { ObjectGone } from "#daemon/git/blobs"
import { changesBetween, patchBetween } from "#daemon/git/differences"
import { planRestore } from "#daemon/git/restore"
import { newRequestId, type RequestId, type SessionId } from "#streams/ids"
import { needsDaemon, type Session } from "#streams/session"
import { guarded } from "../control/guarded.ts"
import type { Reach } from "../control/reach.ts"
import type { PlaneContext } from "../plane-context.ts"
import { Problem } from "../problem.ts"
import { settledFiles } from "./asking-files.ts"
import type { Keeping, Restoring } from "./keeping.ts"
import { momentsOf, openMoments, withGit } from "./moments.ts"

export function files(context: PlaneContext, reach: Reach): Keeping {
  const { folds, home } = context
  const isHere = ({ workingDir }: Session) => workingDir !== null && existsSync(workingDir)

  const sessionOf = async (sessionId: SessionId): Promise<Session> => {
    await reach.entryOf(sessionId)
    return (await folds.session(sessionId)).value
  }

  const settled = (sessionId: SessionId, requestId: RequestId): Promise<Session> =>
    settledFiles(context, reach, { sessionId, requestId })

  /** What would be done, found out without touching anything. */
  async function preview(session: Session, n: number): Promise<Restoring> {
    await using moments = await openMoments(home.path, session, ["now", n])
    const target = moments.treeOf(n)
    if (moments.now === null) throw new Error("There is no snapshot of what is there now.")
    const plan = await planRestore(moments.place, moments.now, target).catch((error: unknown) => {
      if (error instanceof ObjectGone) throw new Problem("checkpoint_gone", error.message, { cause: error })
      throw error
    })
    const files = await changesBetween(moments, moments.now.tree, target)
    return { n, dryRun: true, files, inTheWay: plan.inTheWay, untouched: plan.untouched }
  }

  return {
    checkpoints: (sessionId) =>
      guarded(async () => ({ checkpoints: (await sessionOf(sessionId)).checkpoints })),

    checkpoint: ({ sessionId, note }) =>
      guarded(async () => {
        await reach.entryOf(sessionId)
        const requestId = newRequestId()
        await reach.ask(sessionId, { type: "checkpoint_requested", requestId, ...(note && { note }) })
        const { checkpoints } = await settled(sessionId, requestId)
        const mark = checkpoints.findLast(({ when }) => when === "asked")
        if (!mark) throw new Error("A checkpoint was settled that is not there.")
        return { n: mark.n, commit: mark.commit, tree: mark.tree }
      }),

    changes: (request) =>
      guarded(() =>
        withGit(async () => {
          const session = await sessionOf(request.sessionId)
          const { from, to } = momentsOf(session, request, isHere(session))
          await using moments = await openMoments(home.path, session, [from, to])
          const files = await changesBetween(moments, moments.treeOf(from), moments.treeOf(to))
          return { from, to, files }
        }),
      ),

    diff: ({ path, ...request }) =>
      guarded(() =>
        withGit(async () => {
          const session = await sessionOf(request.sessionId)
          const { from, to } = momentsOf(session, request, isHere(session))
          await using moments = await openMoments(home.path, session, [from, to])
          const [before, after] = [moments.treeOf(from), moments.treeOf(to)]
          const files = await changesBetween(moments, before, after, { path })
          return { from, to, files, ...(await patchBetween(moments, before, after, { path })) }
        }),
      ),

    restore: ({ sessionId, n, dryRun = false }) =>
      guarded(() =>
        withGit(async () => {
          const session = await sessionOf(sessionId)
          if (needsDaemon(session.status))
            throw new Problem(
              "session_busy",
              `Session ${sessionId} is ${session.status}: \`agentz cancel ${sessionId}\` ends its turn.`,
            )
          const plan = await preview(session, n)
          if (dryRun) return plan
          const requestId = newRequestId()
          const { turns } = session
          await reach.ask(sessionId, { type: "restore_requested", requestId, n, turns })
          await settled(sessionId, requestId)
          return { ...plan, dryRun }
        }),
      ),
  }
}
