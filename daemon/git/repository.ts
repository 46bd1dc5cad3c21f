/** Which repository a directory is part of, and how it stands there: for people to see, so a failure is no answer. */
import { realpath } from "node:fs/promises"
import { sep } from "node:path"
import type { Repository } from "#streams/event"
import { type Bounds, GitError, git } from "./git.ts"

/** A person waits for what this is shown with. */
const QUICKLY: Bounds = { timeoutMs: 1_000, maxBytes: 64 * 1024 }
/** More changed files than this are counted as this many. */
const MOST_CHANGES = 1_000

/** `null`: not inside a work tree, or git is missing, does not trust its owner, or takes too long to say. */
export async function repositoryOf(directory: string): Promise<Repository | null> {
  const ask = (subcommand: "rev-parse" | "symbolic-ref", ...options: readonly string[]) =>
    git({ directory, subcommand, options }, QUICKLY).then((text) => text.replace(/\n$/, ""), orNothing)
  const [root, branch, head, real] = await Promise.all([
    ask("rev-parse", "--show-toplevel"),
    ask("symbolic-ref", "--quiet", "--short", "HEAD"),
    ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}"),
    realpath(directory).catch(() => null),
  ])
  // The configuration can name any work tree: one that the directory is not part of is none of its business.
  if (!root || real === null || !`${real}${sep}`.startsWith(`${root}${sep}`)) return null
  return { root, branch: branch || null, head: head || null }
}

/** How many files differ from what is checked out or are new; `null` when that cannot be told quickly. */
export async function changesIn(directory: string): Promise<number | null> {
  const options = [
    "--porcelain=v1",
    "-z",
    "--untracked-files=normal",
    "--ignore-submodules=all",
    "--no-renames",
  ]
  try {
    const listed = await git({ directory, subcommand: "status", options }, QUICKLY)
    return Math.min(MOST_CHANGES, listed.split("\0").filter(Boolean).length)
  } catch (error) {
    if (!(error instanceof GitError)) throw error
    return error.ending.how === "said too much" ? MOST_CHANGES : null
  }
}

function orNothing(error: unknown): "" {
  if (error instanceof GitError) return ""
  throw error
}
