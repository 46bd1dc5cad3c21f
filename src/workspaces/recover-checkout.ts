/**
 * The user's own directory, where all of it is gone: its repository is cloned to where it was, with the branch, the commit
 * and the files of the last checkpoint that was pushed. Where anything of it is left, the files there are the user's, and
 * only what the session had kept is brought home.
 */
import { existsSync } from "node:fs"
import { mkdir } from "node:fs/promises"
import { join, relative } from "node:path"
import { branchIn } from "#daemon/git/commit"
import { kindOf, standIn } from "#daemon/git/place"
import { planRestore, restore } from "#daemon/git/restore"
import { snapshot } from "#daemon/git/snapshot"
import { checkOut, commitOf, commitsIn, standOn } from "#daemon/git/worktree"
import { filesOf } from "#daemon/home"
import type { Failure } from "#streams/event"
import type { CheckpointMark, Session } from "#streams/session"
import {
  cloneAgain,
  fetchAgain,
  goneAfter,
  hasRepository,
  nameCheckpoints,
  Unrecoverable,
} from "./from-remote.ts"
import type { InCheckout } from "./gone.ts"
import type { Found } from "./recovery.ts"

/** Throws {@link Unrecoverable}. */
export async function recoverCheckout(home: string, entry: InCheckout, session: Session): Promise<Found> {
  const { root } = entry.checkout
  if (await hasRepository(root)) {
    if (!existsSync(entry.workingDir)) throw new Unrecoverable(directoryGone(entry))
    const marks = await marksIn(root, home, entry, session)
    return found(root, session, { last: marks.at(-1), checkpoint: null })
  }
  const last = await cloneAgain(entry, session, async (draft) => {
    const mark = (await marksIn(draft, home, entry, session)).at(-1)
    // Nothing was done yet in a clone, so its branch can be where the user's was, pushed or not.
    if (mark?.head) await standOn(draft, session.git?.branch ?? null, mark.head)
    await checkOut(draft)
    if (mark) await putBack(draft, home, entry, mark)
    await mkdir(join(draft, relative(root, entry.workingDir)), { recursive: true })
    return mark
  })
  return await found(root, session, { last, checkpoint: last?.n ?? null })
}

/** A folder of a repository that is there went with something that the user did there. */
export const directoryGone = ({ sessionId, workingDir, checkout: { root } }: InCheckout): Failure => ({
  code: "directory_gone",
  message: `Session ${sessionId} works in ${workingDir}, which is gone from your own repository in ${root}: bring it back there, or go on elsewhere with \`agentz fork ${sessionId}\`.`,
})

async function found(
  root: string,
  { checkpoints }: Session,
  { last, checkpoint }: { readonly last: CheckpointMark | undefined; readonly checkpoint: number | null },
): Promise<Found> {
  const [name, commit] = await Promise.all([branchIn(root), commitOf(root, "HEAD")])
  return {
    from: "remote",
    branch: name === null || commit === null ? null : { name, commit },
    checkpoint,
    gone: goneAfter(last, checkpoints),
  }
}

/** The checkpoints that the repository at `at` has, fetched where it lacks them. Each has its ref then. */
async function marksIn(
  at: string,
  home: string,
  entry: InCheckout,
  session: Session,
): Promise<readonly CheckpointMark[]> {
  const { sessionId } = entry
  const { checkpoints, workspace } = session
  const upTo = workspace.push?.checkpoint ?? 0
  const commits = checkpoints.map(({ commit }) => commit)
  const here = await commitsIn(at, commits)
  const lacks = checkpoints.some(({ n, commit }) => n <= upTo && !here.has(commit))
  if (lacks) await fetchAgain(home, at, entry, session)
  const had = lacks ? await commitsIn(at, commits) : here
  const marks = checkpoints.filter(({ commit }) => had.has(commit))
  await nameCheckpoints(home, { root: at, sessionId }, marks)
  return marks
}

async function putBack(draft: string, home: string, entry: InCheckout, mark: CheckpointMark): Promise<void> {
  const { sessionId } = entry
  const gitDir = join(filesOf(home, sessionId).dir, "git-recovering")
  await using place = await standIn(gitDir, await kindOf(draft))
  const kept = { ...place, sessionId, home }
  await using now = await snapshot(kept)
  if (now.tree !== mark.tree) await restore(kept, now, await planRestore(kept, now, mark.tree))
}
