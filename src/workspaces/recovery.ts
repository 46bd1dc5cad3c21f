/**
 * Brings home what a work tree is made again of: its repository, cloned where it was, and the branch and checkpoints of its
 * session, fetched from the remote that they were pushed to. Nothing that is there is written over, and no branch is moved.
 */
import { existsSync } from "node:fs"
import { mkdir, readdir, rename, rm } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { Failed } from "#daemon/failed"
import { type Address, addressOf } from "#daemon/git/address"
import { checkpointRef, takeRefs } from "#daemon/git/checkpoint"
import { farFailure } from "#daemon/git/far-failure"
import { git, saidNo } from "#daemon/git/git"
import { kindOf, standIn } from "#daemon/git/place"
import { cloneTo, fetchInto } from "#daemon/git/remote"
import { commitOf, commitsIn, isBranchName, knowsWorktree, makeBranch, tipsIn } from "#daemon/git/worktree"
import { filesOf } from "#daemon/home"
import { identityOf } from "#daemon/process/identity"
import type { SessionRow, Worktree } from "#streams/registry"
import type { CheckpointMark, Session } from "#streams/session"
import { Problem } from "../plane.ts"
import { remake } from "./remake.ts"
import { lockRepository } from "./repository-lock.ts"
import { finishRemoval, isUnfinished } from "./whole-tree.ts"

/** A session with a work tree of its own. */
export interface Gone extends Pick<SessionRow, "sessionId" | "workingDir"> {
  readonly worktree: Worktree
}

export interface Found {
  readonly from: "remote" | "repository"
  readonly branch: { readonly name: string; readonly commit: string } | null
  /** The checkpoint that the files are as; `null`: as the branch has them. */
  readonly checkpoint: number | null
  /** How many checkpoints after the newest that is to be had are nowhere any more. */
  readonly gone: number
  readonly worktree: Worktree
}

/** It cannot be made again, or only after somebody has done something. */
export class Unrecoverable extends Failed {
  override readonly name = "Unrecoverable"
}

/** A folder without its `.git` is no work tree either, nor is one that was never finished. */
export const isGone = (
  home: string,
  { sessionId, worktree }: Pick<SessionRow, "sessionId" | "worktree">,
): boolean =>
  worktree !== undefined && (!existsSync(join(worktree.path, ".git")) || isUnfinished(home, sessionId))

/** It is not there on purpose, and its repository is: it is made again when its session goes on. */
export const isGivenBack = ({ worktree }: Pick<SessionRow, "worktree">): boolean =>
  worktree?.givenBackAt !== undefined && existsSync(worktree.root)

/** Somebody took the work tree away as git does it, and left the repository: it is not missed. */
export async function wasTakenAway({ worktree: { root, path } }: Gone): Promise<boolean> {
  if (!existsSync(root) || (await kindOf(root)).repository === null) return false
  return !(await knowsWorktree(root, path))
}

/** Where its commits are to be had, besides the repository. */
export const sourceOf = ({ worktree }: Gone, { workspace: { push } }: Session) =>
  push?.url != null && push.at !== null ? { remote: push.remote, url: push.url } : (worktree.push ?? null)

/** Throws {@link Unrecoverable}. `null`: somebody else has done it meanwhile. */
export async function recoverWorktree(home: string, entry: Gone, session: Session): Promise<Found | null> {
  const { sessionId, worktree } = entry
  const { root } = worktree
  try {
    await using _alone = await lockRepository(home, root)
    if (existsSync(root)) await finishRemoval(worktree)
    if (!isGone(home, entry)) return null
    const cloned = await repositoryAt(entry, session)
    const { fetched, marks, branch } = await broughtHome(home, entry, session)
    const again = { ...entry, worktree: { ...worktree, branch } }
    const made = await remake(home, again, { checkpoints: marks }, async () => undefined)
    const commit = await commitOf(made.path, "HEAD")
    const last = marks.at(-1)
    return {
      from: cloned || fetched ? "remote" : "repository",
      branch: branch === null || commit === null ? null : { name: branch, commit },
      checkpoint: made.remade?.checkpoint ?? null,
      gone: session.checkpoints.length - (last ? session.checkpoints.indexOf(last) + 1 : 0),
      worktree: made,
    }
  } catch (error) {
    throw unrecoverable(error, sessionId)
  }
}

/** Whether it had to be cloned. */
async function repositoryAt(entry: Gone, session: Session): Promise<boolean> {
  const { root } = entry.worktree
  const there = existsSync(root)
  if (there && (await kindOf(root)).repository !== null) return false
  if (there && (await readdir(root)).length > 0)
    throw new Unrecoverable({
      code: "root_taken",
      message: `The repository of the session was in ${root}, where something else is now: move that away, then \`agentz recover\`.`,
    })
  const { address, remote } = addressFor(entry, session)
  await mkdir(dirname(root), { recursive: true })
  await sweepDrafts(root)
  const draft = `${root}${DRAFT}${process.pid}`
  try {
    await far(address, () => cloneTo(draft, address, { name: remote }))
    // A remote whose HEAD names nothing leaves nothing to check out.
    await git({ directory: draft, subcommand: "reset", options: ["--hard", "--quiet"] }, SLOWLY).catch(
      unlessNo,
    )
    await rename(draft, root)
  } finally {
    await rm(draft, PATIENTLY)
  }
  return true
}

const SLOWLY = { timeoutMs: 300_000 }

/** What a killed process had started may write there still. */
const PATIENTLY = { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }

const DRAFT = ".agentz-clone-"

/** Clones of somebody who was killed in the middle of it. */
async function sweepDrafts(root: string): Promise<void> {
  const start = `${basename(root)}${DRAFT}`
  for (const name of await readdir(dirname(root)))
    if (name.startsWith(start) && identityOf(Number(name.slice(start.length))) === null)
      await rm(join(dirname(root), name), PATIENTLY)
}

function addressFor(entry: Gone, session: Session): { readonly address: Address; readonly remote: string } {
  const source = sourceOf(entry, session)
  const { root } = entry.worktree
  if (source === null)
    throw new Unrecoverable({
      code: "nowhere_else",
      message: `The repository in ${root} is gone, and the work of the session was never pushed: put the repository back there, then \`agentz recover\`.`,
    })
  const read = addressOf(source.url, root)
  if ("why" in read)
    throw new Unrecoverable({
      code: "remote_refused",
      message: `The address ${source.url} is not used, since ${read.why}: clone the repository to ${root} yourself, then \`agentz recover\`.`,
    })
  return { address: read, remote: source.remote }
}

interface Brought {
  readonly fetched: boolean
  /** The checkpoints that are here now; each has its ref. */
  readonly marks: readonly CheckpointMark[]
  /** The branch that is to be checked out; it is there unless nothing of it was ever pushed. */
  readonly branch: string | null
}

/** The branch and checkpoints of the session in its repository, fetched where they are not there. */
async function broughtHome(home: string, entry: Gone, session: Session): Promise<Brought> {
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
  if (fetches) await fetchFor(home, entry, session)
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
  await nameCheckpoints(home, entry, marks)
  return { fetched: fetches, marks, branch }
}

/** Brings what was pushed into the objects of the repository; no ref of it is made or moved. */
async function fetchFor(home: string, entry: Gone, session: Session): Promise<void> {
  const { sessionId, worktree } = entry
  const { address } = addressFor(entry, session)
  const [kind, known] = await Promise.all([kindOf(worktree.root), tipsIn(worktree.root)])
  await using place = await standIn(join(filesOf(home, sessionId).dir, "git-recovering"), kind)
  const all = checkpointRef(sessionId, "*")
  await far(address, () => fetchInto(place, address, [`+${all}:${all}`], { known }))
  const branch = session.workspace.push?.branch?.name
  // It may have been merged and deleted there; the checkpoints then have what is needed of it.
  if (branch !== undefined)
    await fetchInto(place, address, [`refs/heads/${branch}`], { known }).catch(unlessNo)
}

async function nameCheckpoints(
  home: string,
  { sessionId, worktree }: Gone,
  marks: readonly CheckpointMark[],
) {
  const { root } = worktree
  const { repository, format } = await kindOf(root)
  const unnamed: CheckpointMark[] = []
  for (const mark of marks)
    if ((await commitOf(root, checkpointRef(sessionId, mark.n))) === null) unnamed.push(mark)
  const gitDir = join(filesOf(home, sessionId).dir, "git")
  if (unnamed.length > 0) await takeRefs({ sessionId, home, root, repository, format, gitDir }, unnamed)
}

function unlessNo(error: unknown): void {
  if (!saidNo(error)) throw error
}

async function far(address: Address, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    throw new Unrecoverable(farFailure(error, address.shown).failure)
  }
}

function unrecoverable(error: unknown, sessionId: string): Unrecoverable {
  if (error instanceof Unrecoverable) return error
  if (error instanceof Problem) return new Unrecoverable({ code: error.reason, message: error.message })
  const message = error instanceof Error ? error.message : String(error)
  return new Unrecoverable({
    code: "recover_failed",
    message: `The work tree of session ${sessionId} could not be made again: ${message}`,
    hint: "Mend that, then `agentz recover`.",
  })
}
