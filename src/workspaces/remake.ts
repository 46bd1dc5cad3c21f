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
import { privateDirectory } from "../home.ts"
import { Problem } from "../plane.ts"
import type { PlaneContext } from "../plane-context.ts"
import { repositoryConfig } from "./repository-config.ts"
import { finishRemoval, isUnfinished } from "./whole-tree.ts"
import { copyInto, make, worktreesDir } from "./workspace.ts"

interface Remade {
  /** The checkpoint that its files are from; `null`: they are as the branch has them. */
  readonly checkpoint: number | null
  readonly worktree: Worktree
}

type Context = Pick<PlaneContext, "endpoint" | "folds" | "home" | "log" | "patience">

/**
 * The session with its work tree, made again where that is not there or was never finished. `remade`: the checkpoint that
 * its files are from. Throws {@link Problem} where it cannot be made.
 */
export async function withWorktree(
  context: Context,
  entry: RegistryEntry,
): Promise<{ readonly entry: RegistryEntry; readonly remade?: Pick<Remade, "checkpoint"> | undefined }> {
  const { home, folds, log } = context
  const { sessionId, worktree } = entry
  // A repository that is not here any more is another matter.
  if (worktree === undefined || !existsSync(worktree.root)) return { entry }
  await finishRemoval(worktree)
  if (existsSync(worktree.path) && !isUnfinished(home.path, sessionId)) return { entry }
  const { value: session } = await folds.session(sessionId)
  const { checkpoint, worktree: made } = await remake(home.path, { ...entry, worktree }, session)
  await restateWorktree(context, entry, made)
  log({ event: "work_tree_made_again", sessionId, checkpoint })
  return { entry: { ...entry, worktree: made }, remade: { checkpoint } }
}

export async function restateWorktree(
  { endpoint, patience }: Pick<Context, "endpoint" | "patience">,
  { status, activity, archive, archivedAt, ...row }: RegistryEntry,
  worktree: Worktree,
): Promise<void> {
  await appendTo(endpoint, paths.registry, [sessionRowChange({ ...row, worktree })], patience)
}

/** Throws {@link Problem}, and has made nothing then. */
export async function remake(
  home: string,
  {
    sessionId,
    workingDir,
    worktree,
  }: Pick<RegistryEntry, "sessionId" | "workingDir"> & { readonly worktree: Worktree },
  { checkpoints }: Pick<Session, "checkpoints">,
): Promise<Remade> {
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
  let checkpoint: number | null = null
  await make(home, sessionId, {
    ...{ root, path, branch, base },
    async fill() {
      await mkdir(workingDir, { recursive: true })
      if (mark && (await putBack(home, { sessionId, workingDir, path, mark }))) checkpoint = mark.n
      await copyInto(path, root, copy)
    },
  })
  const { givenBackAt: _, ...rest } = worktree
  return { checkpoint, worktree: { ...rest, remade: (worktree.remade ?? 0) + 1 } }
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
