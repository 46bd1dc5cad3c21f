/**
 * Makes again what a session works in: its work tree, of its repository and of what was pushed; or the user's own directory,
 * where that is gone with all that was in it. Nothing that is there is written over, and no branch is moved.
 */
import { existsSync } from "node:fs"
import { checkOut, commitOf, commitsIn, isBranchName, makeBranch } from "#daemon/git/worktree"
import { errorText } from "#streams/error-text"
import type { SessionId } from "#streams/ids"
import type { Worktree } from "#streams/registry"
import type { CheckpointMark, Session } from "#streams/session"
import { Problem } from "../problem.ts"
import {
  cloneAgain,
  fetchAgain,
  goneAfter,
  hasRepository,
  nameCheckpoints,
  sourceOf,
  Unrecoverable,
} from "./from-remote.ts"
import { type Gone, type InWorktree, isGone, rootOf } from "./gone.ts"
import { recoverCheckout } from "./recover-checkout.ts"
import { remake } from "./remake.ts"
import { lockRepository } from "./repository-lock.ts"
import { finishRemoval } from "./whole-tree.ts"

export interface Found {
  readonly from: "remote" | "repository"
  readonly branch: { readonly name: string; readonly commit: string } | null
  /** The checkpoint that the files are as; `null`: as the branch has them, or as another session left them. */
  readonly checkpoint: number | null
  /** How many checkpoints after the newest that is to be had are nowhere any more. */
  readonly gone: number
  /** As it is to be known from now on. */
  readonly worktree?: Worktree
}

/** Throws {@link Unrecoverable}. `null`: somebody else has done it meanwhile. */
export async function recoverWorkspace(home: string, entry: Gone, session: Session): Promise<Found | null> {
  try {
    await using _alone = await lockRepository(home, rootOf(entry))
    return entry.worktree === undefined
      ? await recoverCheckout(home, entry, session)
      : await recoverWorktree(home, entry, session)
  } catch (error) {
    throw unrecoverable(error, entry.sessionId)
  }
}

async function recoverWorktree(home: string, entry: InWorktree, session: Session): Promise<Found | null> {
  const { worktree } = entry
  const { root } = worktree
  if (existsSync(root)) await finishRemoval(worktree)
  if (!isGone(home, entry)) return null
  const cloned = !(await hasRepository(root))
  if (cloned) await cloneAgain(entry, session, checkOut)
  const { fetched, marks, branch } = await broughtHome(home, entry, session)
  const again = { ...entry, worktree: { ...worktree, branch } }
  const made = await remake(home, again, { checkpoints: marks }, async () => undefined)
  const commit = await commitOf(made.path, "HEAD")
  return {
    from: cloned || fetched ? "remote" : "repository",
    branch: branch === null || commit === null ? null : { name: branch, commit },
    checkpoint: made.remade?.checkpoint ?? null,
    gone: goneAfter(marks.at(-1), session.checkpoints),
    worktree: made,
  }
}

interface Brought {
  readonly fetched: boolean
  /** The checkpoints that are here now; each has its ref. */
  readonly marks: readonly CheckpointMark[]
  /** The branch that is to be checked out; it is there unless nothing of it was ever pushed. */
  readonly branch: string | null
}

/** The branch and checkpoints of the session in its repository, fetched where they are not there. */
async function broughtHome(home: string, entry: InWorktree, session: Session): Promise<Brought> {
  const { sessionId, worktree } = entry
  const { root, base } = worktree
  const { push } = session.workspace
  // It may have gone on with another branch than it began with.
  const branch = push?.branch?.name ?? worktree.branch
  if (branch !== null && !(await isBranchName(root, branch)))
    throw new Unrecoverable({
      code: "branch_refused",
      message: `git takes “${branch}” for no name of a branch.`,
    })
  const all = session.checkpoints
  const commits = [...all.flatMap(({ commit, head }) => [commit, head]), push?.branch?.commit, base]
  const wanted = commits.filter((one) => one != null)
  const here = await commitsIn(root, wanted)
  const pushed = all.filter(({ n }) => n <= (push?.checkpoint ?? 0)).map(({ commit }) => commit)
  const missing = [...pushed, push?.branch?.commit].some((one) => one !== undefined && !here.has(one))
  const fetches = missing && sourceOf(entry, session) !== null
  if (fetches) await fetchAgain(home, root, entry, session)
  const had = fetches ? await commitsIn(root, wanted) : here
  const marks = all.filter(({ commit }) => had.has(commit))
  // A branch that is here is where it is: it may have gone on since.
  const tip = [push?.branch?.commit, marks.at(-1)?.head, base].find((one) => one != null && had.has(one))
  const exists = branch !== null && (await commitOf(root, `refs/heads/${branch}`)) !== null
  if (tip == null && !exists)
    throw new Unrecoverable({
      code: "commit_gone",
      message: `Neither ${root} nor its remote has the commits of session ${sessionId} any more: fetch them there from a copy, then \`agentz recover\`.`,
    })
  if (tip != null && branch !== null && !exists) await makeBranch(root, branch, tip)
  await nameCheckpoints(home, { root, sessionId }, marks)
  return { fetched: fetches, marks, branch }
}

function unrecoverable(error: unknown, sessionId: SessionId): Unrecoverable {
  if (error instanceof Unrecoverable) return error
  if (error instanceof Problem) return new Unrecoverable({ code: error.reason, message: error.message })
  const message = errorText(error)
  return new Unrecoverable({
    code: "recover_failed",
    message: `What session ${sessionId} works in could not be made again: ${message}`,
    hint: "Mend that, then `agentz recover`.",
  })
}
