/** Work trees of a repository, one per session that asks for one: made, and what each of them holds that is nowhere else. */
import { mkdir, realpath } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { git, saidNo } from "./git.ts"
import { SLOWLY } from "./scan.ts"

export interface Wanted {
  /** The top of a work tree of the repository. */
  readonly root: string
  /** Where it is to be. Nothing is there. */
  readonly path: string
  /** Is made at `base` unless it is there already; `null`: none is checked out. */
  readonly branch: string | null
  /** A commit. */
  readonly base: string
}

/** Checks it out, with git's own code alone: no filter and no hook of the repository is run. */
export async function addWorktree({ root: directory, path, branch, base }: Wanted): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const made = branch !== null && !(await hasBranch(directory, branch))
  const what = branch === null ? ["--detach", path, base] : made ? ["-b", branch, path, base] : [path, branch]
  await git({ directory, subcommand: "worktree", options: ["add", "--quiet", ...what] }, SLOWLY)
}

/** Lets git forget one that is not there any more. A second `--force` is for one that was killed while it was made. */
export async function forgetWorktree(root: string, path: string): Promise<void> {
  if (!(await knowsWorktree(root, path))) return
  const options = ["remove", "--force", "--force", path]
  await git({ directory: root, subcommand: "worktree", options }, SLOWLY)
}

/** Tells git where one is that was moved. */
export async function repairWorktree(root: string, path: string): Promise<void> {
  await git({ directory: root, subcommand: "worktree", options: ["repair", path] }, SLOWLY)
}

/** Whether git knows of it, be it there or not. */
export async function knowsWorktree(root: string, path: string): Promise<boolean> {
  const listed = await git({
    directory: root,
    subcommand: "worktree",
    options: ["list", "--porcelain", "-z"],
  })
  const real = join(await realpath(dirname(path)).catch(() => dirname(path)), basename(path))
  const lines = new Set(listed.split("\0"))
  return lines.has(`worktree ${path}`) || lines.has(`worktree ${real}`)
}

export const hasBranch = (directory: string, branch: string): Promise<boolean> =>
  says(directory, "rev-parse", "--verify", "--quiet", `refs/heads/${branch}`)

/** Whether git takes it for the name of a branch. */
export const isBranchName = (directory: string, name: string): Promise<boolean> =>
  name.startsWith("-") ? Promise.resolve(false) : says(directory, "check-ref-format", "--branch", name)

/** Those of the commits that the repository has. */
export async function commitsIn(directory: string, commits: readonly string[]): Promise<ReadonlySet<string>> {
  const options = ["--batch-check=%(objectname) %(objecttype)"]
  const input = commits.map((commit) => `${commit}\n`).join("")
  const said = await git({ directory, subcommand: "cat-file", options }, { ...SLOWLY, input })
  return new Set(said.split("\n").flatMap((line) => (line.endsWith(" commit") ? [line.slice(0, -7)] : [])))
}

/** A branch where there is none of that name. */
export async function makeBranch(directory: string, branch: string, commit: string): Promise<void> {
  const none = "0".repeat(commit.length)
  await git({ directory, subcommand: "update-ref", options: [`refs/heads/${branch}`, commit, none] })
}

/** Makes a commit the one that is checked out, on that branch (`null`: on none), in a clone in which no file is yet. */
export async function standOn(directory: string, branch: string | null, commit: string): Promise<void> {
  const ref = branch !== null && (await isBranchName(directory, branch)) ? `refs/heads/${branch}` : null
  if (ref !== null) await git({ directory, subcommand: "symbolic-ref", options: ["HEAD", ref] })
  const options = ref === null ? ["--no-deref", "HEAD", commit] : [ref, commit]
  await git({ directory, subcommand: "update-ref", options })
}

/** Writes the files of the commit that `HEAD` names, over all that is there. */
export async function checkOut(directory: string): Promise<void> {
  const options = ["--hard", "--quiet"]
  await git({ directory, subcommand: "reset", options }, SLOWLY).catch((error: unknown) => {
    // A remote whose HEAD names nothing leaves nothing to check out.
    if (!saidNo(error)) throw error
  })
}

/** Some commits that the repository has, newest first: what a remote need not send again. */
export async function tipsIn(directory: string): Promise<readonly string[]> {
  const options = [
    "--count=50",
    "--sort=-committerdate",
    "--format=%(objectname)",
    "refs/heads/",
    "refs/remotes/",
  ]
  return (await git({ directory, subcommand: "for-each-ref", options })).split("\n").filter(Boolean)
}

/** Where the branch is checked out; `null` when it is nowhere. */
export async function checkedOutAt(directory: string, branch: string): Promise<string | null> {
  const listed = await git({ directory, subcommand: "worktree", options: ["list", "--porcelain", "-z"] })
  for (const entry of listed.split("\0\0")) {
    const lines = entry.split("\0")
    if (lines.includes(`branch refs/heads/${branch}`))
      return lines.find((line) => line.startsWith("worktree "))?.slice("worktree ".length) ?? null
  }
  return null
}

/** The commit that a name stands for; `null` when it stands for none. */
export async function commitOf(directory: string, name: string): Promise<string | null> {
  const options = ["--verify", "--quiet", "--end-of-options", `${name}^{commit}`]
  try {
    const said = await git({ directory, subcommand: "rev-parse", options })
    // Where it is an option itself, git may print it.
    return /^[0-9a-f]{40,64}\n$/m.exec(said)?.[0].trim() ?? null
  } catch (error) {
    if (saidNo(error)) return null
    throw error
  }
}

async function says(
  directory: string,
  subcommand: "rev-parse" | "check-ref-format",
  ...options: readonly string[]
): Promise<boolean> {
  try {
    await git({ directory, subcommand, options })
    return true
  } catch (error) {
    if (saidNo(error)) return false
    throw error
  }
}

/** The same place below another top: where a session works that was asked for in a folder of its repository. */
export async function below(root: string, directory: string, top: string): Promise<string> {
  const real = await realpath(directory)
  return real === root ? top : `${top}${real.slice(root.length)}`
}
