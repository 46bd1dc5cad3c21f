/**
 * Brings home from its remote what a session is made again of: its repository, cloned where it was, and its branch and
 * checkpoints. Nothing that is there is written over, and no branch is moved.
 */
import { existsSync } from "node:fs"
import { mkdir, readdir, rename, rm } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { Failed } from "#daemon/failed"
import { type Address, addressOf } from "#daemon/git/address"
import { checkpointRef, takeRefs } from "#daemon/git/checkpoint"
import { farFailure } from "#daemon/git/far-failure"
import { saidNo } from "#daemon/git/git"
import { kindOf, standIn } from "#daemon/git/place"
import { cloneTo, fetchInto } from "#daemon/git/remote"
import { commitOf, tipsIn } from "#daemon/git/worktree"
import { filesOf } from "#daemon/home"
import { identityOf } from "#daemon/process/identity"
import type { SessionId } from "#streams/ids"
import type { SessionRow } from "#streams/registry"
import type { CheckpointMark, Session } from "#streams/session"
import { pushTargetOf } from "#streams/workspace-fold"
import { type Gone, rootOf } from "./gone.ts"

/** It cannot be made again, or only after somebody has done something. */
export class Unrecoverable extends Failed {
  override readonly name = "Unrecoverable"
}

/** Where its commits are to be had, besides the repository. */
export const sourceOf = (
  entry: Pick<SessionRow, "worktree" | "checkout">,
  { workspace: { push } }: Pick<Session, "workspace">,
) =>
  push?.url != null && push.at !== null
    ? { remote: push.remote, url: push.url }
    : (pushTargetOf(entry) ?? null)

/** Whether there is a repository. Throws {@link Unrecoverable} where something else is in its place. */
export async function hasRepository(root: string): Promise<boolean> {
  const there = existsSync(root)
  if (there && (await kindOf(root)).repository !== null) return true
  if (there && (await readdir(root)).length > 0)
    throw new Unrecoverable({
      code: "root_taken",
      message: `The repository of the session was in ${root}, where something else is now: move that away, then \`agentz recover\`.`,
    })
  return false
}

/** Clones the repository to where it was, whole or not at all: `finish` is done before it is there. */
export async function cloneAgain<Result>(
  entry: Gone,
  session: Session,
  finish: (draft: string) => Promise<Result>,
): Promise<Result> {
  const root = rootOf(entry)
  const { address, remote } = addressFor(entry, session)
  await mkdir(dirname(root), { recursive: true })
  await sweepDrafts(root)
  const draft = `${root}${DRAFT}${process.pid}`
  try {
    await far(address, () => cloneTo(draft, address, { name: remote }))
    const result = await finish(draft)
    await rename(draft, root)
    return result
  } finally {
    await rm(draft, PATIENTLY)
  }
}

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
  const root = rootOf(entry)
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

/** Brings what was pushed into the objects of the repository at `root`; no ref of it is made or moved. */
export async function fetchAgain(home: string, root: string, entry: Gone, session: Session): Promise<void> {
  const { sessionId } = entry
  const { address } = addressFor(entry, session)
  const [kind, known] = await Promise.all([kindOf(root), tipsIn(root)])
  await using place = await standIn(join(filesOf(home, sessionId).dir, "git-recovering"), kind)
  const all = checkpointRef(sessionId, "*")
  await far(address, () => fetchInto(place, address, [`+${all}:${all}`], { known }))
  const branch = session.workspace.push?.branch?.name
  // It may have been merged and deleted there; the checkpoints then have what is needed of it.
  if (branch !== undefined)
    await fetchInto(place, address, [`refs/heads/${branch}`], { known }).catch(unlessNo)
}

/** Gives those checkpoints their refs in the repository at `root`, which has their commits. */
export async function nameCheckpoints(
  home: string,
  { root, sessionId }: { readonly root: string; readonly sessionId: SessionId },
  marks: readonly CheckpointMark[],
): Promise<void> {
  const { repository, format } = await kindOf(root)
  const unnamed: CheckpointMark[] = []
  for (const mark of marks)
    if ((await commitOf(root, checkpointRef(sessionId, mark.n))) === null) unnamed.push(mark)
  const gitDir = join(filesOf(home, sessionId).dir, "git")
  if (unnamed.length > 0) await takeRefs({ sessionId, home, root, repository, format, gitDir }, unnamed)
}

/** How many checkpoints there are after the newest that is to be had. */
export const goneAfter = (last: CheckpointMark | undefined, all: readonly CheckpointMark[]): number =>
  all.length - (last ? all.indexOf(last) + 1 : 0)

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
