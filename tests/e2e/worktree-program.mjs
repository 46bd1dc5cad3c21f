/** What the control plane does with work trees, once: makes one, takes it away, makes it again, makes one for a fork. */
import { existsSync, readFileSync } from "node:fs"
import { knownPlace } from "#daemon/git/place"
import { makeForkFiles } from "#src/workspaces/fork-files"
import { remake } from "#src/workspaces/remake"
import { finishRemoval, isUnfinished, removeWhole } from "#src/workspaces/whole-tree"
import { makeWorkspace } from "#src/workspaces/workspace"

const { home, directory, sessionId, forkId, worktree, workingDir, checkpoints, action } = JSON.parse(
  readFileSync(process.argv[2], "utf8"),
)
if (action === "make") await makeWorkspace(home, sessionId, { directory, request: { kind: "worktree" } })
if (action === "remove") {
  await finishRemoval(worktree)
  if (existsSync(worktree.path)) await removeWhole(worktree, async () => null)
}
if (action === "remake") {
  await finishRemoval(worktree)
  if (!existsSync(worktree.path) || isUnfinished(home, sessionId))
    await remake(home, { sessionId, workingDir, worktree }, { checkpoints }, async () => undefined)
}
if (action === "fork") {
  const place = await knownPlace(home, sessionId)
  const fork = { sessionId: forkId, checkpoints }
  await makeForkFiles(home, { workingDir, worktree, place, fork, mark: checkpoints.at(-1) })
}
