/** Who else in a repository has what a work tree has: so it is known what would be gone with it. */
import { existsSync } from "node:fs"
import { join } from "node:path"
import { branchIn, uncommittedIn } from "./commit.ts"
import { git, gitBytes, saidNo } from "./git.ts"
import { mergedTree } from "./merge.ts"
import { pathsIn, shown } from "./paths.ts"
import { SLOWLY } from "./scan.ts"
import { commitOf } from "./worktree.ts"

/** What no branch and no checkpoint can have, in words; `null`: nothing like that is there. */
export async function heldBeside(path: string): Promise<string | null> {
  const gitDir = (
    await git({ directory: path, subcommand: "rev-parse", options: ["--absolute-git-dir"] })
  ).trim()
  if (existsSync(join(gitDir, "locked"))) return "it is locked: `git worktree unlock` lets it go"
  const listed = await gitBytes(
    { directory: path, subcommand: "ls-files", options: ["--stage", "-z"] },
    SLOWLY,
  )
  const inside = pathsIn(listed)
    .filter((line) => line.startsWith(SUBMODULE))
    .map((line) => shown(line.slice(line.indexOf("\t") + 1)))
    .find((name) => existsSync(join(path, name, ".git")))
  return inside === undefined
    ? null
    : `the repository inside it, ${inside}, may hold more: look there, then delete that`
}

const SUBMODULE = "160000 "

export interface Held {
  readonly branch: string | null
  readonly tip: string
  /** How many files are in no commit. */
  readonly uncommitted: number
  /** Commits that no other branch and no remote has. */
  readonly commits: number
  /** Another branch that has all of them, or the same changes. */
  readonly mergedInto: string | null
  /** A branch of a remote that has all of them, as far as is known here. */
  readonly pushedTo: string | null
  /** What else keeps it. */
  readonly beside: string | null
}

/** `root`: another work tree of the same repository. Throws `GitError`; `null` where nothing is checked out. */
export async function heldIn(path: string, root: string): Promise<Held | null> {
  const tip = await commitOf(path, "HEAD")
  if (tip === null) return null
  const branch = await branchIn(path)
  const [uncommitted, others, remotes] = await Promise.all([
    uncommittedIn(path),
    having(root, tip, "refs/heads"),
    having(root, tip, "refs/remotes"),
  ])
  const [into] = others.filter((name) => name !== branch)
  return {
    ...{ branch, tip, uncommitted: uncommitted.length },
    commits: await commitsAlone(root, tip, branch),
    mergedInto: into ?? (await sameIn(root, tip, branch)),
    pushedTo: remotes.find((name) => !name.endsWith("/HEAD")) ?? null,
    beside: await heldBeside(path),
  }
}

/** Names below that prefix which have the commit. */
async function having(directory: string, tip: string, prefix: string): Promise<readonly string[]> {
  const options = [`--contains=${tip}`, "--format=%(refname)", prefix]
  const said = await git({ directory, subcommand: "for-each-ref", options }, SLOWLY)
  return said
    .split("\n")
    .filter(Boolean)
    .map((name) => name.slice(prefix.length + 1))
}

async function commitsAlone(directory: string, tip: string, branch: string | null): Promise<number> {
  const others = [...(branch === null ? [] : [`--exclude=${branch}`]), "--branches", "--remotes"]
  const call = { directory, subcommand: "rev-list", options: ["--count", tip, "--not", ...others] } as const
  return Number((await git(call, SLOWLY)).trim())
}

/** What is checked out there, where the same changes came to it in other commits: squashed, or one by one. */
async function sameIn(root: string, tip: string, branch: string | null): Promise<string | null> {
  const [into, onto] = [await branchIn(root), await commitOf(root, "HEAD")]
  if (into === null || into === branch || onto === null) return null
  try {
    const merged = await mergedTree({ directory: root, onto, tip })
    const tree = await git({ directory: root, subcommand: "rev-parse", options: [`${onto}^{tree}`] })
    return "tree" in merged && merged.tree === tree.trim() ? into : null
  } catch (error) {
    // Nothing in common, or a git that cannot tell.
    if (saidNo(error)) return null
    throw error
  }
}
