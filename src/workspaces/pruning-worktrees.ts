/** Takes away the work trees in which nothing is that would be lost, and tells why the others stay. */
import { rm } from "node:fs/promises"
import { SessionId } from "#streams/ids"
import type { PlaneContext } from "../plane-context.ts"
import type { GivingBack } from "./giving-back.ts"
import { isElsewhere } from "./standing.ts"
import { removeWhole } from "./whole-tree.ts"
import { foldersOfWorktrees } from "./workspace.ts"
import { type WorktreeTold, worktreesIn } from "./worktrees.ts"

export interface PruneWorktreesRequest {
  /** Those of these sessions and no others. */
  readonly sessionIds?: readonly SessionId[] | undefined
  readonly dryRun: boolean
}

export interface PrunedWorktrees {
  readonly dryRun: boolean
  /** Branches and checkpoints stay: whoever goes on with such a session has its work tree made again. */
  readonly removed: readonly WorktreeTold[]
  /** `why` says what is only there, and what to do about it. */
  readonly kept: readonly WorktreeTold[]
}

export function pruningWorktrees(context: PlaneContext, giveBack: GivingBack["giveBack"]) {
  const { folds, home } = context
  const trees = worktreesIn(context)

  /** Gives why it stays. */
  async function remove({ sessionId, path, root }: WorktreeTold): Promise<string | null> {
    if (sessionId !== null) {
      const back = await giveBack(sessionId, { kept: false })
      return back.given ? null : (back.why ?? "it is not there any more")
    }
    if (root === null) return "it is in no repository"
    return await removeWhole({ root, path }, async (at) => {
      const now = await trees.look({ path: at, root, entry: null })
      return isElsewhere(now) ? null : now.why
    })
  }

  return async ({ sessionIds, dryRun }: PruneWorktreesRequest): Promise<PrunedWorktrees> => {
    if (!dryRun) await deleteGone(home.path)
    const wanted = sessionIds && new Set(sessionIds)
    const removed: WorktreeTold[] = []
    const kept: WorktreeTold[] = []
    for (const tree of await trees.all((await folds.registry()).value)) {
      if (wanted && (tree.sessionId === null || !wanted.has(tree.sessionId))) continue
      const why = !tree.removable ? tree.why : dryRun ? null : await remove(tree)
      if (why === null) removed.push(tree)
      else kept.push({ ...tree, why, removable: false })
    }
    return { dryRun, removed, kept }
  }
}

/** What was to be deleted when whoever did it was killed. */
async function deleteGone(home: string): Promise<void> {
  for await (const { name, path } of foldersOfWorktrees(home)) {
    const [id, rest] = name.split(".gone")
    if (rest === "" && SessionId.safeParse(id).success) await rm(path, { recursive: true, force: true })
  }
}
