/** The directory that an agent works in, checked before anything is started. */
import { constants } from "node:fs"
import { access, realpath, stat } from "node:fs/promises"
import { homedir } from "node:os"
import { isAbsolute, sep } from "node:path"
import { Problem } from "./problem.ts"

/**
 * The real path of an existing directory that we may read, write and enter. Default: the user's home. agentz's own
 * home holds the token by which questions are answered, so no agent works there.
 */
export async function checkedWorkingDir(given: string | undefined, agentzHome: string): Promise<string> {
  const path = given ?? homedir()
  if (!isAbsolute(path))
    throw new Problem(
      "working_dir_not_absolute",
      `"${path}" is a relative path: give the whole path of the directory.`,
    )
  try {
    if (!(await stat(path)).isDirectory())
      throw new Problem("working_dir_not_a_directory", `${path} is a file: give the directory it lies in.`)
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK)
    const real = await realpath(path)
    if (`${real}${sep}`.startsWith(`${await realpath(agentzHome)}${sep}`))
      throw new Problem(
        "working_dir_not_accessible",
        `${path} is agentz's own home, where no agent may work: name another directory.`,
      )
    return real
  } catch (error) {
    throw error instanceof Problem ? error : refusalOf(path, error)
  }
}

function refusalOf(path: string, error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? error.code : null
  if (code === "ENOENT")
    return new Problem(
      "working_dir_missing",
      `${path} does not exist: create it first, or name another directory.`,
    )
  if (code === "ENOTDIR")
    return new Problem(
      "working_dir_not_a_directory",
      `A part of ${path} is a file: name an existing directory.`,
    )
  if (code === "EACCES" || code === "EPERM" || code === "EROFS")
    return new Problem(
      "working_dir_not_accessible",
      `You may not read and write ${path}: change its permissions, or name another directory.`,
    )
  if (code === "ENAMETOOLONG" || code === "ELOOP" || code === "ERR_INVALID_ARG_VALUE")
    return new Problem("working_dir_missing", "That path cannot exist: name an existing directory.")
  return error
}
