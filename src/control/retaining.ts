/** What old sessions and their work trees cost, putting them away, and giving back what they take. */
import { GitError } from "#daemon/git/git"
import type { Daemons } from "../daemons.ts"
import type { ControlPlane } from "../plane.ts"
import type { PlaneContext } from "../plane-context.ts"
import { Problem } from "../problem.ts"
import { retentionOf } from "../retention.ts"
import { givingBack } from "../workspaces/giving-back.ts"
import { pruningWorktrees } from "../workspaces/pruning-worktrees.ts"
import { withWorktree } from "../workspaces/remake.ts"
import { guarded } from "./guarded.ts"
import type { Reach } from "./reach.ts"

type Retaining = Pick<ControlPlane, "archive" | "unarchive" | "sizes" | "prune" | "pruneWorktrees">

export function retaining(context: PlaneContext, reach: Reach, daemons: Daemons): Retaining {
  const { giveBack, takeDown } = givingBack(context, reach, daemons)
  const retention = retentionOf(context, daemons, { takeDown })
  const pruneWorktrees = pruningWorktrees(context, giveBack)

  return {
    archive: (sessionId) =>
      guarded(async () => {
        const { archivedAt } = await reach.entryOf(sessionId)
        const back =
          archivedAt === undefined
            ? await giveBack(sessionId, { kept: true }).catch(whyNot)
            : ({ given: false, why: null } as const)
        const archived = await retention.archive(sessionId, reach.entryOf)
        return { ...archived, ...((back.given || back.why !== null) && { workTree: back }) }
      }),

    unarchive: (sessionId) =>
      guarded(async () => {
        const entry = await reach.entryOf(sessionId)
        await retention.unarchive(entry)
        const there = await daemons.alone(sessionId, () => withWorktree(context, entry)).catch(whyNot)
        if ("why" in there) return { sessionId, workTree: { why: there.why } }
        const remade = there.worktree?.remade
        const isNew = remade !== undefined && remade.times !== entry.worktree?.remade?.times
        return { sessionId, ...(isNew && { workTree: { checkpoint: remade.checkpoint } }) }
      }),

    sizes: (sessionIds) => guarded(() => retention.sizes(sessionIds)),

    prune: (request) => guarded(() => retention.prune(request)),

    pruneWorktrees: (request) => guarded(() => pruneWorktrees(request)),
  }
}

/** A work tree that cannot be given back, or made again, keeps nobody from the rest. */
function whyNot(error: unknown): { readonly given: false; readonly why: string } {
  if (error instanceof Problem || error instanceof GitError) return { given: false, why: error.message }
  throw error
}
