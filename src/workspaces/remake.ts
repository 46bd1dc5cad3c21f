/** Makes a work tree again that is not there, of its branch and of what its session kept. */
import { existsSync } from "node:fs"
import { mkdir } from "node:fs/promises"
import { placeOf } from "#daemon/git/place"
import { planRestore, restore } from "#daemon/git/restore"
import { snapshot } from "#daemon/git/snapshot"
import { checkedOutAt, commitOf, hasBranch } from "#daemon/git/worktree"
import { paths } from "#streams/paths"
import { type RegistryEntry, sessionRowChange, type Worktree } from "#streams/registry"
import type { CheckpointMark, Session } from "#streams/session"
import { appendTo } from "#streams/stream"
import { wait } from "#streams/transport"
import { privateDirectory } from "../home.ts"
import type { PlaneContext } from "../plane-context.ts"
import { Problem } from "../problem.ts"
import { repositoryConfig } from "./repository-config.ts"
import { finishRemoval, isMadeByOther, isUnfinished } from "./whole-tree.ts"
import { copyInto, make, worktreesDir } from "./workspace.ts"

type Context = Pick<PlaneContext, "endpoint" | "folds" | "home" | "log" | "patience">

/** Whoever else makes it is waited for so long. */
const MAKING_LIMIT_MS = 300_000

/**
 * The session with its work tree, made again where that is not there or was never finished. Throws {@link Problem} where it
 * cannot be made.
 */
export async function withWorktree(context: Context, given: RegistryEntry): Promise<RegistryEntry> {
  const { home, folds, log } = context
  const { sessionId } = given
  // A repository that is not here any more is another matter.
  if (given.worktree === undefined || !existsSync(given.worktree.root)) return given
  for (let waited = 0; isMadeByOther(home.path, sessionId) && waited < MAKING_LIMIT_MS; waited += 100)
    await wait(100)
  // As it is by now.
  const entry = (await folds.registry()).value.get(sessionId) ?? given
  const { worktree } = entry
  if (worktree === undefined) return entry
  await finishRemoval(worktree)
  if (existsSync(worktree.path) && !isUnfinished(home.path, sessionId)) return entry
  const { value: session } = await folds.session(sessionId)
  const made = await remake(home.path, { ...entry, worktree }, session, (made) =>
    restateWorktree(context, entry, made),
  )
  log({ event: "work_tree_made_again", sessionId, ...made.remade })
  return { ...entry, worktree: made }
}

export async function restateWorktree(
  { endpoint, patience }: Pick<Context, "endpoint" | "patience">,
  { status, activity, archive, archivedAt, ...row }: RegistryEntry,
  worktree: Worktree,
): Promise<void> {
  await appendTo(endpoint, paths.registry, [sessionRowChange({ ...row, worktree })], patience)
}

/** Gives it as it is to be known from now on; `restate` is done before it counts as there. */
export async function remake(
  home: string,
  {
    sessionId,
    workingDir,
    worktree,
  }: Pick<RegistryEntry, "sessionId" | "workingDir"> & { readonly worktree: Worktree },
  { checkpoints }: Pick<Session, "checkpoints">,
  restate: (made: Worktree) => Promise<void>,
): Promise<Worktree> {
  const { root, path, branch } = worktree
  const mark = checkpoints.at(-1)
  const base = await baseOf(worktree, mark)
  const holder = branch === null ? null : await checkedOutAt(root, branch)
  if (holder !== null && holder !== path && existsSync(holder))
    throw new Problem(
      "branch_in_use",
      `The work tree of session ${sessionId} cannot be made again while its branch ${branch} is checked out in ${holder}: leave it there first.`,
    )
  await privateDirectory(worktreesDir(home))
  const { copy } = await repositoryConfig(root)
  const { givenBackAt: _, remade: before, ...rest } = worktree
  const times = (before?.times ?? 0) + 1
  let made: Worktree = { ...rest, remade: { times, checkpoint: null } }
  await make(home, sessionId, {
    ...{ root, path, branch, base },
    async fill() {
      await mkdir(workingDir, { recursive: true })
      if (mark && (await putBack(home, { sessionId, workingDir, path, mark })))
        made = { ...rest, remade: { times, checkpoint: mark.n } }
      await copyInto(path, root, copy)
      await restate(made)
    },
  })
  return made
}

/** A branch that was deleted once it was merged begins again where its session stood. */
async function baseOf({ root, branch, base }: Worktree, mark: CheckpointMark | undefined): Promise<string> {
  if (branch !== null && (await hasBranch(root, branch))) return base
  const stood = mark?.head ?? null
  const found = (stood === null ? null : await commitOf(root, stood)) ?? (await commitOf(root, base))
  if (found !== null) return found
  throw new Problem(
    "no_work_tree",
    `The branch ${branch ?? "of the session"} is gone from ${root}, and so is what it began with: \`agentz fork\` begins anew.`,
  )
}

/**
 * What was in no commit. Where the branch has gone on since, its files are the newer ones, and to put older ones over them would
 * undo what was done.
 */
async function putBack(
  home: string,
  at: Pick<RegistryEntry, "sessionId" | "workingDir"> & {
    readonly path: string
    readonly mark: CheckpointMark
  },
): Promise<boolean> {
  const { sessionId, workingDir, path, mark } = at
  if (mark.head === null || (await commitOf(path, "HEAD")) !== mark.head) return false
  const place = await placeOf(home, sessionId, workingDir)
  if ("why" in place) return false
  await using now = await snapshot(place)
  if (now.tree === mark.tree) return true
  await restore(place, now, await planRestore(place, now, mark.tree))
  return true
}
