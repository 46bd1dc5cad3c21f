/** Recovery as a person or a script asks for it. */
import { existsSync } from "node:fs"
import type { RegistryEntry } from "#streams/registry"
import { needsDaemon } from "#streams/session"
import { guarded } from "../control/guarded.ts"
import type { Reach } from "../control/reach.ts"
import type { Daemons } from "../daemons.ts"
import type { PlaneContext } from "../plane-context.ts"
import { Problem } from "../problem.ts"
import { outlookOf, type Recovery } from "./recover.ts"
import type { RecoveredSession, Recovering } from "./recovering.ts"

const isKeptNowhere = ({ worktree, checkout }: Pick<RegistryEntry, "worktree" | "checkout">): boolean =>
  worktree === undefined && checkout === undefined

export function recovering(
  { folds, home }: PlaneContext,
  reach: Reach,
  { daemons, recovery }: { readonly daemons: Daemons; readonly recovery: Recovery },
): Recovering {
  return {
    recovery: () => recovery.progress(),

    recover: ({ sessionIds, dryRun = false }) =>
      guarded(async () => {
        const entries =
          sessionIds === undefined
            ? await recovery.missing()
            : await Promise.all(sessionIds.map(reach.entryOf))
        const sessions: RecoveredSession[] = []
        for (const entry of entries) {
          const { sessionId, workingDir } = entry
          if (isKeptNowhere(entry) && !existsSync(workingDir))
            throw new Problem(
              "no_work_tree",
              `Session ${sessionId} works in your own directory, ${workingDir}, which is gone, and its checkpoints were pushed nowhere: put the directory back there yourself.`,
            )
          const { value: session } = await folds.session(sessionId)
          // One that idles has nothing to lose; one that is at work says so.
          if (!dryRun && !needsDaemon(session.status)) await daemons.retire(sessionId)
          sessions.push(
            dryRun
              ? await outlookOf(home.path, entry, session)
              : await daemons.alone(sessionId, (inbox) => recovery.one(entry, inbox)),
          )
        }
        return { dryRun, sessions }
      }),
  }
}
