/** Commits of what a session did in its work tree, in the name of the user. The index of that tree is the session's. */
import { git, gitBytes, saidNo } from "./git.ts"
import type { Author } from "./invocation.ts"
import { listOf, pathsIn, shown } from "./paths.ts"
import { SLOWLY } from "./scan.ts"

/** Who the user says to be, to this repository or to all; `null` where git was never told. */
export async function authorIn(directory: string): Promise<Author | null> {
  const settingOf = async (key: string): Promise<string | null> =>
    (await configured({ directory }, ["--get", key])) ??
    (await configured({ directory, usersConfig: true }, ["--global", "--get", key]))
  const [name, email] = [await settingOf("user.name"), await settingOf("user.email")]
  return name === null || email === null ? null : { name, email }
}

async function configured(
  where: { readonly directory: string; readonly usersConfig?: boolean },
  options: readonly string[],
): Promise<string | null> {
  try {
    return (await git({ ...where, subcommand: "config", options })).replace(/\n$/, "") || null
  } catch (error) {
    if (saidNo(error)) return null
    throw error
  }
}

/** What is checked out; `null` when it is no branch. */
export async function branchIn(directory: string): Promise<string | null> {
  const options = ["--quiet", "--short", "HEAD"]
  try {
    return (await git({ directory, subcommand: "symbolic-ref", options })).trim()
  } catch (error) {
    if (saidNo(error)) return null
    throw error
  }
}

export const settingsOf = ({ name, email }: Author) =>
  [
    ["user.name", name],
    ["user.email", email],
  ] as const

/** Files that differ from what is checked out, or are new, in order. */
export async function uncommittedIn(
  directory: string,
  { untracked = true } = {},
): Promise<readonly string[]> {
  const options = ["--porcelain=v1", "-z", "--no-renames", "--ignore-submodules=dirty"]
  const all = [...options, untracked ? "--untracked-files=all" : "--untracked-files=no"]
  const listed = pathsIn(await gitBytes({ directory, subcommand: "status", options: all }, SLOWLY))
  return listed.map((line) => line.slice(3)).sort()
}

/** Files of a merge that nobody has settled. */
export async function unsettledIn(directory: string): Promise<readonly string[]> {
  const options = ["--unmerged", "-z"]
  const listed = pathsIn(await gitBytes({ directory, subcommand: "ls-files", options }, SLOWLY))
  return [...new Set(listed.map((line) => shown(line.slice(line.indexOf("\t") + 1))))]
}

/** Those of the files that git would put through a program of the user's or the repository's, such as Git LFS. */
export async function filteredAmong(directory: string, paths: readonly string[]): Promise<readonly string[]> {
  if (paths.length === 0) return []
  const call = { directory, subcommand: "check-attr", options: ["-z", "--stdin", "filter"] } as const
  const said = (await gitBytes(call, { ...SLOWLY, input: listOf(paths) })).toString("latin1").split("\0")
  return paths.flatMap((path, index) => {
    const value = said[index * 3 + 2]
    return value === "unspecified" || value === "unset" ? [] : [shown(path)]
  })
}

/** Commits everything there is; no hook is run and nothing is signed. Gives the commit, `null` when nothing differs. */
export async function commitAll(
  directory: string,
  { message, author }: { readonly message: string; readonly author: Author },
): Promise<string | null> {
  await git({ directory, subcommand: "add", options: ["--all"] }, SLOWLY)
  if ((await uncommittedIn(directory)).length === 0) return null
  const options = ["--quiet", "--no-verify", "--cleanup=whitespace", "--file=-"]
  const call = { directory, subcommand: "commit", settings: settingsOf(author), options } as const
  await git(call, { ...SLOWLY, input: message })
  return (await git({ directory, subcommand: "rev-parse", options: ["HEAD"] })).trim()
}
