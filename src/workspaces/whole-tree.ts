/**
 * A work tree is there as a whole or not at all, whoever is killed while it is made or taken away. One that is being made is
 * marked beside its session, and what a killed process left of it is made anew: nobody has worked in it yet. One that is
 * taken away is moved aside first, so that nothing comes in while it is looked at, and once more before it is deleted.
 */
import { existsSync } from "node:fs"
import { mkdir, rename, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { addWorktree, forgetWorktree, repairWorktree, type Wanted } from "#daemon/git/worktree"
import { filesOf } from "#daemon/home"
import { identityOf, isSame } from "#daemon/process/identity"
import { ProcessRun, readRunFile } from "#daemon/run-file"
import type { SessionId } from "#streams/ids"
import { Problem } from "../problem.ts"

const markOf = (home: string, sessionId: SessionId): string =>
  join(filesOf(home, sessionId).dir, "making-work-tree.json")

/** Whether the one that is there was never finished. */
export const isUnfinished = (home: string, sessionId: SessionId): boolean =>
  existsSync(markOf(home, sessionId))

/** Whether a living process of somebody else's makes it at this moment. */
export function isMadeByOther(home: string, sessionId: SessionId): boolean {
  const maker = readRunFile(markOf(home, sessionId), ProcessRun)
  return maker !== null && maker.pid !== process.pid && isSame(maker)
}

/** Makes it and then `fill`s it. Throws what git says, {@link Problem} where somebody else makes it at this moment. */
export async function makeWhole(
  home: string,
  sessionId: SessionId,
  { fill, ...wanted }: Wanted & { readonly fill: () => Promise<void> },
): Promise<void> {
  const mark = markOf(home, sessionId)
  await mkdir(filesOf(home, sessionId).dir, { recursive: true, mode: 0o700 })
  if (isMadeByOther(home, sessionId) || !(await marked(mark)))
    throw new Problem(
      "session_busy",
      `The work tree of session ${sessionId} is being made at this moment: try again.`,
    )
  await discard(wanted)
  try {
    await addWorktree(wanted)
    await fill()
  } catch (error) {
    await discard(wanted)
    await rm(mark, { force: true })
    throw error
  }
  await rm(mark, { force: true })
}

/** Of many at once one puts its mark in place. */
async function marked(mark: string): Promise<boolean> {
  await rm(mark, { force: true })
  try {
    await writeFile(mark, JSON.stringify(identityOf(process.pid)), { mode: 0o600, flag: "wx" })
    return true
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false
    throw error
  }
}

async function discard({ root, path }: Pick<Wanted, "root" | "path">): Promise<void> {
  await rm(path, { recursive: true, force: true })
  await forgetWorktree(root, path)
}

type Tree = Pick<Wanted, "root" | "path">

/** Where it is while it is looked at, and where it waits to be deleted. */
const goingOf = (path: string): string => `${path}.going`
const goneOf = (path: string): string => `${path}.gone`

/** Takes it away if `verify`, which sees it where it was moved to, finds no reason to keep it. Gives that reason. */
export async function removeWhole(
  tree: Tree,
  verify: (path: string) => Promise<string | null>,
): Promise<string | null> {
  const going = goingOf(tree.path)
  await rename(tree.path, going)
  const why = await verify(going).catch(async (error: unknown) => {
    await backFromGoing(tree)
    throw error
  })
  if (why === null) {
    await rename(going, goneOf(tree.path))
    await deleteGone(tree)
  } else await backFromGoing(tree)
  return why
}

/** Ends what a killed {@link removeWhole} began: back where it was, unless there was no reason to keep it. */
export async function finishRemoval(tree: Tree): Promise<void> {
  if (existsSync(goneOf(tree.path))) await deleteGone(tree)
  if (existsSync(goingOf(tree.path)) && !existsSync(tree.path)) await backFromGoing(tree)
}

async function deleteGone({ root, path }: Tree): Promise<void> {
  // git may take the name to which it was moved for its own, when it is used there.
  for (const name of [path, goingOf(path)]) if (!existsSync(name)) await forgetWorktree(root, name)
  await rm(goneOf(path), { recursive: true, force: true })
}

async function backFromGoing({ root, path }: Tree): Promise<void> {
  await rename(goingOf(path), path)
  await repairWorktree(root, path)
}
