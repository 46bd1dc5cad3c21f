/** How a session's repository stands now, asked where the session's directory lies on this machine. */
import { changesIn, repositoryOf } from "#daemon/git/repository"
import type { Repository } from "#streams/event"
import type { Session } from "#streams/session"

export type RepositoryNow = Repository & {
  /** Files that differ from what is checked out, or are new; `null` when that cannot be told quickly. */
  readonly changes: number | null
}

/** `null` where the session was in no repository, or its directory is not in that one any more. */
export async function repositoryNow({
  workingDir,
  git: then,
}: Pick<Session, "workingDir" | "git">): Promise<RepositoryNow | null> {
  if (workingDir === null || then === null) return null
  const [now, changes] = await Promise.all([repositoryOf(workingDir), changesIn(workingDir)])
  return now === null || now.root !== then.root ? null : { ...now, changes }
}
