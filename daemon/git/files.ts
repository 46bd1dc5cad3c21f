/** Which files a repository has or would take in: for people to choose from, so a failure is no answer. */
import { type Bounds, GitError, git } from "./git.ts"
import { repositoryOf } from "./repository.ts"

const BOUNDS: Bounds = { timeoutMs: 3_000, maxBytes: 32 * 1024 * 1024 }

/**
 * Below the directory, as paths from it, without what is ignored. `null`: not in a repository, or it cannot be told
 * in time.
 */
export async function filesInRepository(directory: string): Promise<readonly string[] | null> {
  if ((await repositoryOf(directory)) === null) return null
  const options = ["-z", "--cached", "--others", "--exclude-standard", "--deduplicate"]
  try {
    const listed = await git({ directory, subcommand: "ls-files", options }, BOUNDS)
    // What ends in a slash is a repository of its own.
    return listed.split("\0").filter((path) => path !== "" && !path.endsWith("/"))
  } catch (error) {
    if (error instanceof GitError) return null
    throw error
  }
}
