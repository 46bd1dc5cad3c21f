/** Brings the work of a session home. Nothing is moved before all of it is known to go well. */
import { isUtf8 } from "node:buffer"
import { existsSync } from "node:fs"
import { authorIn, branchIn, commitAll, filteredAmong, uncommittedIn, unsettledIn } from "#daemon/git/commit"
import { changesBetween, patchBytes } from "#daemon/git/differences"
import {
  commitsBetween,
  commitTree,
  goOnFrom,
  isAncestor,
  mergedTree,
  moveOn,
  replayed,
  type Sides,
} from "#daemon/git/merge"
import { shown } from "#daemon/git/paths"
import { checkedOutAt, commitOf } from "#daemon/git/worktree"
import type { FileChange } from "#streams/file-change"
import type { SessionId } from "#streams/ids"
import type { Worktree } from "#streams/registry"
import { needsDaemon } from "#streams/session"
import { guarded } from "../control/guarded.ts"
import type { Reach } from "../control/reach.ts"
import type { PlaneContext } from "../plane-context.ts"
import { Problem } from "../problem.ts"
import type { Bringing, MergeHow, MergePreview, MergeRequest } from "./bringing.ts"
import { momentsOf, openMoments, withGit } from "./moments.ts"

/** A patch that is longer is no patch to be sent around. */
const PATCH_BYTES = 32 << 20

interface At {
  readonly sessionId: SessionId
  readonly title: string
  readonly worktree: Worktree
  /** Of the work tree, as it is now. */
  readonly branch: string | null
  readonly tip: string
}

export function bringingHome({ folds, home }: PlaneContext, reach: Reach): Bringing {
  /** Throws where the session has no work tree of its own, or where it is at work in it. */
  async function restingAt(sessionId: SessionId): Promise<At> {
    const { worktree, title } = await reach.entryOf(sessionId)
    if (worktree === undefined)
      throw new Problem(
        "no_work_tree",
        `Session ${sessionId} works in your own directory: commit there yourself, or take \`agentz patch ${sessionId}\`.`,
      )
    const { status } = (await folds.session(sessionId)).value
    if (needsDaemon(status))
      throw new Problem(
        "session_busy",
        `Session ${sessionId} is ${status}: wait for the end of its turn, or \`agentz cancel ${sessionId}\`.`,
      )
    const tip = existsSync(worktree.path) ? await commitOf(worktree.path, "HEAD") : null
    if (tip === null)
      throw new Problem(
        "no_work_tree",
        `The work tree of session ${sessionId} is not in ${worktree.path} any more: \`agentz fork ${sessionId}\` makes another.`,
      )
    return { sessionId, title, worktree, branch: await branchIn(worktree.path), tip }
  }

  return {
    commit: ({ sessionId, message }) =>
      guarded(() =>
        withGit(async () => {
          const { worktree, branch } = await restingAt(sessionId)
          await refuseUnsettled(worktree.path)
          await refuseFiltered(worktree.path, await uncommittedIn(worktree.path))
          const author = await committerIn(worktree.path)
          const commit = await commitAll(worktree.path, { message, author })
          if (commit === null)
            throw new Problem("nothing_to_commit", `Session ${sessionId} has nothing that is not committed.`)
          return { commit, branch }
        }),
      ),

    mergePreview: (request) =>
      guarded(() =>
        withGit(async () => (await planned(await restingAt(request.sessionId), request)).preview),
      ),

    merge: (request) =>
      guarded(() =>
        withGit(async () => {
          const at = await restingAt(request.sessionId)
          const { preview, sides, problem } = await planned(at, request)
          if (problem !== null) throw problem
          const { into, files, how } = preview
          const commit = await madeOf(at, sides, how, request.message?.trim() || messageOf(at, how, into))
          await moveOn(at.worktree.root, { branch: into, from: sides.onto, to: commit })
          await goOnFrom(at.worktree.path, commit)
          return { into, commit, files }
        }),
      ),

    patch: (sessionId) =>
      guarded(() =>
        withGit(async () => {
          await reach.entryOf(sessionId)
          const session = (await folds.session(sessionId)).value
          const here = session.workingDir !== null && existsSync(session.workingDir)
          const { from, to } = momentsOf(session, { sessionId }, here)
          await using moments = await openMoments(home.path, session, [from, to])
          const [before, after] = [moments.treeOf(from), moments.treeOf(to)]
          const patch = await patchBytes(moments, [before, after], { binary: true, maxBytes: PATCH_BYTES })
          if (patch === null)
            throw new Problem(
              "patch_too_large",
              `The patch of session ${sessionId} is larger than 32 MB: copy the files, or merge them.`,
            )
          const encoding = isUtf8(patch) ? "utf8" : "base64"
          return { patch: patch.toString(encoding), encoding }
        }),
      ),
  }
}

/** What would come of it, found out without moving anything. */
async function planned(
  at: At,
  { into: asked, how = "merge" }: MergeRequest,
): Promise<{ readonly preview: MergePreview; readonly sides: Sides; readonly problem: Problem | null }> {
  const { root, path } = at.worktree
  const into = asked ?? (await branchIn(root))
  if (into === null)
    throw new Problem(
      "unknown_branch",
      `No branch is checked out in ${root}: say into which one it is to go.`,
    )
  const onto = await commitOf(root, `refs/heads/${into}`)
  if (onto === null)
    throw new Problem("unknown_branch", `There is no branch ${into} in ${root}: \`git branch\` lists them.`)
  const sides = { directory: root, onto, tip: at.tip }
  const [uncommitted, commits] = await Promise.all([uncommittedIn(path), commitsBetween(sides)])
  const merged = await mergedTree(sides)
  const conflicts = "conflicts" in merged ? merged.conflicts : await conflictsOfReplay(at, sides, how)
  const looking = { root, own: undefined }
  const files: readonly FileChange[] =
    "tree" in merged ? await changesBetween(looking, onto, merged.tree) : []
  const problem = await whyNot(at, { into, how, uncommitted, commits, conflicts, files })
  const refused = problem && { reason: problem.reason, message: problem.message }
  const preview = {
    ...{ branch: at.branch, into, how, files, conflicts, refused },
    uncommitted: uncommitted.map(shown),
    commits: commits.map(({ commit, subject }) => ({ commit, subject })),
    request: conflicts.length === 0 ? null : requestOf(into, conflicts),
  }
  return { preview, sides, problem }
}

async function conflictsOfReplay(at: At, sides: Sides, how: MergeHow): Promise<readonly string[]> {
  if (how !== "rebase") return []
  const commits = await commitsBetween(sides)
  if (commits.some(({ parents }) => parents !== 1)) return []
  const author = (await authorIn(at.worktree.path)) ?? { name: "agentz", email: "agentz@localhost" }
  const found = await replayed(sides, author)
  return "conflicts" in found ? found.conflicts : []
}

interface Found {
  readonly into: string
  readonly how: MergeHow
  readonly uncommitted: readonly string[]
  readonly commits: readonly { readonly parents: number }[]
  readonly conflicts: readonly string[]
  readonly files: readonly FileChange[]
}

/** The first reason not to do it. */
async function whyNot(at: At, found: Found): Promise<Problem | null> {
  try {
    await refuse(at, found)
    return null
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
}

async function refuse(at: At, { into, how, uncommitted, commits, conflicts, files }: Found): Promise<void> {
  const { sessionId, worktree } = at
  if (uncommitted.length > 0)
    throw new Problem(
      "uncommitted_changes",
      `${countOf(uncommitted.length)} of session ${sessionId} in no commit: \`agentz commit ${sessionId}\` first.`,
    )
  if (commits.length === 0)
    throw new Problem("nothing_to_merge", `${into} has all that session ${sessionId} committed.`)
  if (how === "rebase" && commits.some(({ parents }) => parents !== 1))
    throw new Problem(
      "branch_has_merges",
      `The branch of session ${sessionId} has merges in it, which a rebase would undo: merge or squash it.`,
    )
  if (conflicts.length > 0)
    throw new Problem(
      "merge_conflicts",
      `Both changed ${conflicts.join(", ")}: merge ${into} in ${worktree.path} and settle it there, or let the agent do it.`,
    )
  await committerIn(worktree.path)
  const holder = await checkedOutAt(worktree.root, into)
  if (holder === null) return
  const touched = await uncommittedIn(holder, { untracked: false })
  if (touched.length > 0)
    throw new Problem(
      "base_dirty",
      `${into} is checked out in ${holder}, with changes that are not committed: commit or stash them there first.`,
    )
  await refuseFiltered(
    holder,
    files.map(({ path }) => Buffer.from(path, "utf8").toString("latin1")),
  )
}

const countOf = (count: number): string => (count === 1 ? "1 file is" : `${count} files are`)

/** The commit that the branch is to name. */
async function madeOf(at: At, sides: Sides, how: MergeHow, message: string): Promise<string> {
  const { directory, onto, tip } = sides
  const committer = await committerIn(at.worktree.path)
  if (how === "rebase") {
    const found = await replayed(sides, committer)
    if ("commit" in found) return found.commit
    throw new Problem("merge_conflicts", `Both changed ${found.conflicts.join(", ")}.`)
  }
  if (how === "merge" && (await isAncestor(directory, onto, tip))) return tip
  const merged = await mergedTree(sides)
  if ("conflicts" in merged)
    throw new Problem("merge_conflicts", `Both changed ${merged.conflicts.join(", ")}.`)
  const parents = how === "merge" ? [onto, tip] : [onto]
  return await commitTree(directory, { tree: merged.tree, parents, message, committer })
}

const messageOf = ({ title, branch }: At, how: MergeHow, into: string): string =>
  how === "squash" ? `${title}\n` : `Merge ${branch ?? "work"} into ${into}: ${title}\n`

/** The same words for whoever settles it: no path of this machine, only what is in the work tree. */
const requestOf = (into: string, conflicts: readonly string[]): string =>
  [
    `Your branch cannot be merged into ${into} as it is: both changed`,
    ...conflicts.map((path) => `- ${path}`),
    "",
    `Run \`git merge ${into}\` in your work tree, settle the conflicts so that both changes keep their purpose, check it, and commit the merge.`,
  ].join("\n")

async function committerIn(directory: string) {
  const author = await authorIn(directory)
  if (author !== null) return author
  throw new Problem(
    "no_identity",
    "git does not know who you are, and commits need a name: `git config --global user.name …` and `user.email …`.",
  )
}

async function refuseUnsettled(directory: string): Promise<void> {
  const open = await unsettledIn(directory)
  if (open.length > 0)
    throw new Problem(
      "merge_conflicts",
      `A merge in ${directory} is not settled: ${open.join(", ")}. Settle it there, or let the agent do it.`,
    )
}

/** Those programs are not run here, and without them something else would be committed. */
async function refuseFiltered(directory: string, paths: readonly string[]): Promise<void> {
  const filtered = await filteredAmong(directory, paths)
  if (filtered.length > 0)
    throw new Problem(
      "filtered_files",
      `git puts ${filtered.slice(0, 3).join(", ")} through a filter such as Git LFS, which agentz does not run: use git itself in ${directory}.`,
    )
}
