/** Giving back what a session's files take, and never what is nowhere else. */
import { existsSync } from "node:fs"
import { dirname } from "node:path"
import { dropRefs } from "#daemon/git/checkpoint"
import { saidNo } from "#daemon/git/git"
import { heldBeside } from "#daemon/git/holding"
import { knownPlace } from "#daemon/git/place"
import { changesIn } from "#daemon/git/repository"
import type { SessionId } from "#streams/ids"
import type { SessionRow } from "#streams/registry"
import { finishRemoval, removeWhole } from "./whole-tree.ts"

/**
 * Why a session's work tree has to stay; `null` when nothing would be lost with it, or it has none. What was committed in
 * it stays on its branch; what git ignores goes.
 */
export async function workOnlyIn({ worktree }: Pick<SessionRow, "worktree">): Promise<string | null> {
  if (worktree === undefined || !existsSync(worktree.path)) return null
  const changes = await changesIn(worktree.path)
  const beside = changes === null ? null : await heldBeside(worktree.path).catch(unlessAway)
  if (changes === 0 && beside) return `its work tree ${worktree.path} stays: ${beside}`
  if (changes === 0) return null
  return changes === null
    ? `git does not tell what its work tree ${worktree.path} holds`
    : `its work tree ${worktree.path} has changes that are not committed (${changes})`
}

/** Takes the work tree away; its branch stays. */
export async function dropWorktree({ worktree }: Pick<SessionRow, "worktree">): Promise<void> {
  if (worktree === undefined || !existsSync(worktree.root)) return
  await finishRemoval(worktree).catch(unlessAway)
  if (existsSync(worktree.path)) await removeWhole(worktree, async () => null).catch(unlessAway)
}

/** Lets go of the hidden refs of a session that is to be forgotten. */
export async function forgetCheckpoints(home: string, sessionId: SessionId): Promise<void> {
  const place = await knownPlace(home, sessionId)
  if (place?.repository == null) return
  // The work tree may have been given back.
  const root = existsSync(place.root) ? place.root : dirname(place.repository)
  await dropRefs({ ...place, root }).catch(unlessAway)
}

/** A repository that git does not work with any more keeps nobody from forgetting a session. */
function unlessAway(error: unknown): null {
  if (saidNo(error)) return null
  throw error
}
