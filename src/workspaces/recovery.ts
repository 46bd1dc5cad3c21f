/**
 * Makes the work tree of one session again, from its repository where that is still here, else from the remote that it was
 * pushed to: the branch where it was, the files as they were at the newest checkpoint that is to be had. Nothing that is
 * there is written over.
 */
import { existsSync } from "node:fs"
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises"
import { basename, dirname, join, sep } from "node:path"
import { type Address, addressOf } from "#daemon/git/address"
import { checkpointRef, takeRefs } from "#daemon/git/checkpoint"
import { farFailure } from "#daemon/git/far-failure"
import { git, saidNo } from "#daemon/git/git"
import { kindOf, type Place, placeOf, standIn } from "#daemon/git/place"
import { cloneTo, fetchInto } from "#daemon/git/remote"
import { planRestore, restore } from "#daemon/git/restore"
import { snapshot } from "#daemon/git/snapshot"
import {
  addWorktree,
  checkedOutAt,
  commitOf,
  commitsIn,
  isBranchName,
  knowsWorktree,
  removeWorktree,
  tipsIn,
} from "#daemon/git/worktree"
import { filesOf } from "#daemon/home"
import { identityOf } from "#daemon/process/identity"
import type { Failure } from "#streams/event"
import type { SessionRow, Worktree } from "#streams/registry"
import type { CheckpointMark, Session } from "#streams/session"
import { privateDirectory } from "../home.ts"
import { repositoryConfig } from "./repository-config.ts"
import { lockRepository } from "./repository-lock.ts"
import { copyInto, worktreesDir } from "./workspace.ts"

/** A session with a work tree of its own. */
export interface Gone extends Pick<SessionRow, "sessionId" | "workingDir"> {
  readonly worktree: Worktree
}

export interface Found {
  readonly from: "remote" | "repository"
  readonly branch: { readonly name: string; readonly commit: string } | null
  /** The checkpoint that the files are as; `null`: as the branch has them. */
  readonly checkpoint: number | null
  /** How many checkpoints after it are nowhere any more. */
  readonly gone: number
}

/** It cannot be made again, or only after somebody has done something. */
export class Unrecoverable extends Error {
  override readonly name = "Unrecoverable"
  readonly failure: Failure
  constructor(failure: Failure) {
    super(failure.message)
    this.failure = failure
  }
}

/** There while the work tree is being made: whoever finds it, finds what a killed one left half made. */
const markOf = (home: string, { sessionId }: Pick<SessionRow, "sessionId">): string =>
  join(filesOf(home, sessionId).dir, "recovering")

/** A folder without its `.git` is no work tree either, nor is one that is half made. */
export const isGone = (home: string, entry: Pick<SessionRow, "sessionId" | "worktree">): boolean =>
  entry.worktree !== undefined &&
  (!existsSync(join(entry.worktree.path, ".git")) || existsSync(markOf(home, entry)))

/** Somebody took the work tree away as git does it, and left the repository: it is not missed. */
export async function wasTakenAway({ worktree: { root, path } }: Gone): Promise<boolean> {
  if (!existsSync(root) || (await kindOf(root)).repository === null) return false
  return !(await knowsWorktree(root, path))
}

/** Where its commits are to be had, besides the repository. */
export const sourceOf = ({ worktree }: Gone, { workspace: { push } }: Session) =>
  push?.url != null && push.at !== null ? { remote: push.remote, url: push.url } : (worktree.push ?? null)

interface RecoveryPlan extends Found {
  readonly tip: string
  readonly mark: CheckpointMark | null
  /** Checkpoints whose refs are to be there. */
  readonly marks: readonly CheckpointMark[]
}

/** Throws {@link Unrecoverable}. `null`: somebody else has done it meanwhile. */
export async function recoverWorktree(home: string, entry: Gone, session: Session): Promise<Found | null> {
  const { root, path } = entry.worktree
  try {
    await using _alone = await lockRepository(home, root)
    if (!isGone(home, entry)) return null
    const cloned = await repositoryAt(entry, session)
    const plan = await planned(home, entry, session, cloned)
    const mark = markOf(home, entry)
    const halfMade = existsSync(mark)
    await writeMark(mark)
    if (halfMade) await rm(path, PATIENTLY)
    if (await knowsWorktree(root, path)) await removeWorktree(root, path, { halfMade })
    await worktreeAgain(home, entry, plan)
    await mkdir(entry.workingDir, { recursive: true })
    await filesAgain(home, entry, plan)
    await copyInto(path, root, (await repositoryConfig(root)).copy).catch(() => undefined)
    await rm(mark)
    const { from, branch, checkpoint, gone } = plan
    return { from, branch, checkpoint, gone }
  } catch (error) {
    throw unrecoverable(error)
  }
}

async function writeMark(mark: string): Promise<void> {
  await mkdir(dirname(mark), { recursive: true, mode: 0o700 })
  await writeFile(mark, "", { mode: 0o600 })
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
    await rm(draft, { recursive: true, force: true })
  }
  return true
}

const SLOWLY = { timeoutMs: 300_000 }

/** What a killed one had started may write there still. */
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

/** What can be had of it, fetched where it is not here. */
async function planned(home: string, entry: Gone, session: Session, cloned: boolean): Promise<RecoveryPlan> {
  const { sessionId, worktree } = entry
  const { root, base } = worktree
  const { push } = session.workspace
  const marks = session.checkpoints
  // It may have gone on with another branch than it began with.
  const name = push?.branch?.name ?? worktree.branch
  const local = name === null ? null : await commitOf(root, `refs/heads/${name}`)
  const wanted = [...marks.flatMap(({ commit, head }) => [commit, head]), push?.branch?.commit, base]
  const commits = wanted.filter((one) => one != null)
  const here = await commitsIn(root, commits)
  const pushed = marks.filter(({ n }) => n <= (push?.checkpoint ?? 0)).map(({ commit }) => commit)
  const missing = [...pushed, push?.branch?.commit].some((one) => one !== undefined && !here.has(one))
  const fetches = missing && sourceOf(entry, session) !== null
  if (fetches) await fetched(home, entry, session)
  const had = fetches ? await commitsIn(root, commits) : here
  const kept = marks.filter(({ commit }) => had.has(commit))
  const mark = kept.at(-1) ?? null
  // A branch that is here is where it is; it may have gone on since.
  const start =
    local ?? [push?.branch?.commit, mark?.head, base].find((one) => one != null && had.has(one)) ?? null
  if (start === null)
    throw new Unrecoverable({
      code: "commit_gone",
      message: `Neither ${root} nor its remote has the commits of session ${sessionId} any more: fetch them there from a copy, then \`agentz recover\`.`,
    })
  const asKept = mark !== null && mark.head === start
  return {
    from: cloned || fetches ? "remote" : "repository",
    branch: name === null ? null : { name, commit: start },
    checkpoint: asKept ? mark.n : null,
    gone: marks.length - (mark === null ? 0 : marks.indexOf(mark) + 1),
    tip: start,
    mark: asKept ? mark : null,
    marks: kept,
  }
}

/** Brings what was pushed into the objects of the repository; no ref of it is made or moved. */
async function fetched(home: string, entry: Gone, session: Session): Promise<void> {
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

async function worktreeAgain(
  home: string,
  { worktree }: Gone,
  { tip, branch: at }: RecoveryPlan,
): Promise<void> {
  const { root, path } = worktree
  const branch = at?.name ?? null
  if (branch !== null && !(await isBranchName(root, branch)))
    throw new Unrecoverable({
      code: "branch_refused",
      message: `git takes “${branch}” for no name of a branch.`,
    })
  const holder = branch === null ? null : await checkedOutAt(root, branch)
  if (holder !== null)
    throw new Unrecoverable({
      code: "branch_in_use",
      message: `The branch ${branch} is checked out in ${holder}: leave it there, then \`agentz recover\`.`,
    })
  if (path.startsWith(`${worktreesDir(home)}${sep}`)) await privateDirectory(worktreesDir(home))
  await addWorktree({ root, path, branch, base: tip })
}

async function filesAgain(home: string, entry: Gone, { mark, marks }: RecoveryPlan): Promise<void> {
  const place = await placeOf(home, entry.sessionId, entry.workingDir)
  if ("why" in place) return
  await takeRefs(place, await withoutRef(place, marks))
  if (mark === null) return
  await using now = await snapshot(place)
  await restore(place, now, await planRestore(place, now, mark.tree))
}

async function withoutRef(
  place: Place,
  marks: readonly CheckpointMark[],
): Promise<readonly CheckpointMark[]> {
  const found: CheckpointMark[] = []
  for (const mark of marks)
    if ((await commitOf(place.root, checkpointRef(place.sessionId, mark.n))) === null) found.push(mark)
  return found
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

function unrecoverable(error: unknown): Unrecoverable {
  if (error instanceof Unrecoverable) return error
  const message = error instanceof Error ? error.message : String(error)
  return new Unrecoverable({
    code: "recover_failed",
    message: `The work tree could not be made again: ${message}`,
    hint: "Mend that, then `agentz recover`.",
  })
}
