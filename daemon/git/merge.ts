/**
 * Branches brought together without a work tree: what would come of it is known before anything is moved. Merge drivers
 * of the repository are not run; what they would have settled counts as a conflict.
 */
import { settingsOf } from "./commit.ts"
import { git, saidNo } from "./git.ts"
import type { Author } from "./invocation.ts"
import { pathsIn, shown } from "./paths.ts"
import { SLOWLY } from "./scan.ts"
import { checkedOutAt } from "./worktree.ts"

export interface Sides {
  /** A work tree of the repository; none of its files are touched. */
  readonly directory: string
  /** The commit that it is brought to. */
  readonly onto: string
  /** The commit that is brought. */
  readonly tip: string
}

/** `conflicts`: the files in which both changed the same. */
export type Merged = { readonly tree: string } | { readonly conflicts: readonly string[] }

export async function mergedTree({ directory, onto, tip }: Sides): Promise<Merged> {
  const options = ["--write-tree", "-z", "--name-only", "--no-messages", onto, tip]
  try {
    const [tree = ""] = (await git({ directory, subcommand: "merge-tree", options }, SLOWLY)).split("\0")
    return { tree }
  } catch (error) {
    if (!saidNo(error) || error.ending.how !== "exited" || error.ending.code !== 1) throw error
    return { conflicts: pathsIn(Buffer.from(error.said, "latin1")).slice(1).map(shown) }
  }
}

export async function isAncestor(directory: string, one: string, other: string): Promise<boolean> {
  try {
    await git({ directory, subcommand: "merge-base", options: ["--is-ancestor", one, other] })
    return true
  } catch (error) {
    if (saidNo(error)) return false
    throw error
  }
}

export interface Brought {
  readonly commit: string
  readonly subject: string
  readonly parents: number
}

/** The commits that `onto` does not have, oldest first. */
export async function commitsBetween({ directory, onto, tip }: Sides): Promise<readonly Brought[]> {
  const options = ["--reverse", "--topo-order", "--format=%H%x00%P%x00%s", `${onto}..${tip}`]
  const said = await git({ directory, subcommand: "log", options }, SLOWLY)
  return said
    .split("\n")
    .filter(Boolean)
    .map((line) => {
      const [commit = "", parents = "", subject = ""] = line.split("\0")
      return { commit, subject, parents: parents.split(" ").filter(Boolean).length }
    })
}

interface Committing {
  readonly tree: string
  readonly parents: readonly string[]
  readonly message: string
  readonly committer: Author
  readonly author?: Author & { readonly date: string }
}

/** A commit that no branch has yet. */
export async function commitTree(directory: string, made: Committing): Promise<string> {
  const { tree, parents, message, committer, author } = made
  const options = [...parents.flatMap((parent) => ["-p", parent]), tree]
  const call = { directory, subcommand: "commit-tree", settings: settingsOf(committer), options } as const
  return (await git({ ...call, ...(author && { author }) }, { input: message })).trim()
}

const treeOf = async (directory: string, commit: string): Promise<string> =>
  (await git({ directory, subcommand: "rev-parse", options: [`${commit}^{tree}`] })).trim()

/** The same commits on top of `onto`; those that change nothing any more are left out. None of them may be a merge. */
export async function replayed(
  { directory, onto, tip }: Sides,
  committer: Author,
): Promise<{ readonly commit: string } | { readonly conflicts: readonly string[]; readonly at: Brought }> {
  let top = onto
  for (const each of await commitsBetween({ directory, onto, tip })) {
    const { commit } = each
    const before = await treeOf(directory, top)
    // So both have the commit's parent in common, and only what the commit itself did is brought.
    const stand = { tree: before, parents: [`${commit}^`], message: "stand", committer }
    const merged = await mergedTree({ directory, onto: await commitTree(directory, stand), tip: commit })
    if ("conflicts" in merged) return { conflicts: merged.conflicts, at: each }
    if (merged.tree === before) continue
    const options = ["-1", "--format=%an%x00%ae%x00%aI%x00%B", commit]
    const said = await git({ directory, subcommand: "log", options })
    const [name = "", email = "", date = "", message = ""] = said.split("\0")
    const { tree } = merged
    top = await commitTree(directory, {
      tree,
      parents: [top],
      message,
      committer,
      author: { name, email, date },
    })
  }
  return { commit: top }
}

/** Moves a branch on, with the files of the work tree in which it is checked out. Git refuses what would lose anything. */
export async function moveOn(
  root: string,
  { branch, from, to }: { readonly branch: string; readonly from: string; readonly to: string },
): Promise<void> {
  const holder = await checkedOutAt(root, branch)
  if (holder === null)
    await git({ directory: root, subcommand: "update-ref", options: [`refs/heads/${branch}`, to, from] })
  else await git({ directory: holder, subcommand: "merge", options: ["--ff-only", "--quiet", to] }, SLOWLY)
}

/** A clean work tree goes on from another commit: its branch names that one, and its files are those. */
export async function goOnFrom(directory: string, commit: string): Promise<void> {
  await git({ directory, subcommand: "reset", options: ["--keep", "--quiet", commit] }, SLOWLY)
}
