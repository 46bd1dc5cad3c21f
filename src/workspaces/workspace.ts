/** Where a session works: in the directory itself, or in a work tree of its own. Checked before anything is started. */
import { createHash } from "node:crypto"
import { existsSync } from "node:fs"
import { cp, mkdir, readdir, realpath } from "node:fs/promises"
import { basename, dirname, join, sep } from "node:path"
import { GitError } from "#daemon/git/git"
import { kindOf } from "#daemon/git/place"
import { below, checkedOutAt, commitOf, hasBranch, isBranchName } from "#daemon/git/worktree"
import type { SessionId } from "#streams/ids"
import type { Checkout, Worktree } from "#streams/registry"
import type { WorkspaceRequest } from "#streams/workspace-request"
import { privateDirectory } from "../home.ts"
import { Problem } from "../problem.ts"
import { allowsAny, commandsFor, pushFor, repositoryConfig } from "./repository-config.ts"
import { isUnfinished, makeWhole } from "./whole-tree.ts"

type WorktreeRequest = Extract<WorkspaceRequest, { kind: "worktree" }>

/** Beside the home rather than in it: agents do not see into the home. */
export const worktreesDir = (home: string): string => `${home}-worktrees`

/** What lies where work trees are made, one by one. */
export async function* foldersOfWorktrees(
  home: string,
): AsyncGenerator<{ readonly name: string; readonly path: string }> {
  const dir = worktreesDir(home)
  for (const project of await readdir(dir).catch(() => []))
    for (const name of await readdir(join(dir, project)).catch(() => []))
      yield { name, path: join(dir, project, name) }
}

/** Where the work tree of a session is. */
export const worktreeAt = (home: string, root: string, sessionId: SessionId): string => {
  const hash = createHash("sha256").update(root).digest("hex").slice(0, 8)
  return join(worktreesDir(home), `${basename(root) || "root"}-${hash}`, sessionId)
}

export interface Workspace {
  readonly workingDir: string
  readonly worktree?: Worktree
  readonly checkout?: Checkout
}

interface WorkspaceWanted {
  readonly directory: string
  readonly request: WorkspaceRequest | undefined
  /** The user wants branch and checkpoints pushed, whatever the repository says. */
  readonly pushes?: boolean
}

/** Makes the work tree that is asked for. Throws {@link Problem}, and has made nothing then. */
export async function makeWorkspace(
  home: string,
  sessionId: SessionId,
  { directory, request, pushes = false }: WorkspaceWanted,
): Promise<Workspace> {
  if (request === undefined || request.kind === "directory")
    return { workingDir: directory, ...(await checkoutOf(home, directory, pushes)) }
  const { root, repository } = await kindOf(directory)
  if (repository === null)
    throw new Problem(
      "no_repository",
      `${directory} is in no git repository that git would work with: run \`git init\` there, or start the session without a work tree.`,
    )
  const path = worktreeAt(home, root, sessionId)
  const config = await repositoryConfig(root)
  const asIs = { root, repository, config }
  const commands = request.setup === false ? {} : await commandsFor(home, asIs)
  const push = request.setup === false && !pushes ? null : await pushFor(home, asIs, pushes)
  const wanted = await checked({ root, path }, sessionId, { ...request, base: request.base ?? config.base })
  await privateDirectory(worktreesDir(home))
  // Asked again under the same key: it is there already.
  if (!existsSync(path) || isUnfinished(home, sessionId))
    await make(home, sessionId, { root, path, ...wanted, fill: () => copyInto(path, root, config.copy) })
  const workingDir = await below(root, directory, path)
  // A folder that git does not know of is not in the new tree.
  await mkdir(workingDir, { recursive: true })
  return { workingDir, worktree: { root, path, ...wanted, ...commands, ...(push && { push }) } }
}

/**
 * The user's own work tree, if checkpoints of sessions in it are to be pushed. Where git is missing, or what the repository
 * says cannot be read, nothing is, and work there goes on as it always did.
 */
async function checkoutOf(
  home: string,
  directory: string,
  pushes: boolean,
): Promise<Pick<Workspace, "checkout">> {
  if (!pushes && !(await allowsAny(home))) return {}
  try {
    const { root, repository } = await kindOf(directory)
    if (repository === null) return {}
    const push = await pushFor(home, { root, repository, config: await repositoryConfig(root) }, pushes)
    return push === null ? {} : { checkout: { root, push } }
  } catch (error) {
    if (error instanceof GitError) return {}
    if (error instanceof Problem && error.reason === "repository_config_invalid") return {}
    throw error
  }
}

async function checked(
  { root, path }: { readonly root: string; readonly path: string },
  sessionId: SessionId,
  request: WorktreeRequest,
) {
  const branch = request.branch ?? `agentz/${sessionId.replace("ses_", "")}`
  const from = request.base ?? "HEAD"
  if (!(await isBranchName(root, branch)))
    throw new Problem("branch_refused", `git takes “${branch}” for no name of a branch: choose another one.`)
  const base = await commitOf(root, from)
  if (base === null && request.base !== undefined)
    throw new Problem(
      "unknown_base",
      `There is no commit “${from}” in ${root}: name a branch, tag or commit.`,
    )
  if (base === null)
    throw new Problem(
      "no_commit_yet",
      `${root} has no commit yet, so there is nothing to make a work tree of: commit once, or start the session without.`,
    )
  const there = await hasBranch(root, branch)
  const holder = there ? await checkedOutAt(root, branch) : null
  if (holder !== null && holder !== path)
    throw new Problem(
      "branch_in_use",
      `The branch ${branch} is checked out in ${holder}: name another one, or leave that work tree.`,
    )
  return { branch, base: (there ? await commitOf(root, `refs/heads/${branch}`) : null) ?? base }
}

/** Files that a work tree lacks because git ignores them. What is not there, or not in the repository, is left out. */
export async function copyInto(path: string, root: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const from = await realpath(join(root, name)).catch(() => null)
    const to = join(path, name)
    if (from === null || !from.startsWith(`${root}${sep}`) || !to.startsWith(`${path}${sep}`)) continue
    await mkdir(dirname(to), { recursive: true })
    await cp(from, to, { recursive: true, force: false, verbatimSymlinks: true })
  }
}

export async function make(...making: Parameters<typeof makeWhole>): Promise<void> {
  try {
    await makeWhole(...making)
  } catch (error) {
    if (!(error instanceof GitError)) throw error
    throw new Problem("worktree_failed", `The work tree could not be made: ${error.message}`, {
      cause: error,
    })
  }
}
