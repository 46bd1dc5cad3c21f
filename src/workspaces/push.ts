/** Makes the work of a session known elsewhere. The push is the daemon's: it knows what it has pushed, and says so. */
import { existsSync } from "node:fs"
import { branchIn, uncommittedIn } from "#daemon/git/commit"
import { commitsBetween } from "#daemon/git/merge"
import { commitOf } from "#daemon/git/worktree"
import { newRequestId, type SessionId } from "#streams/ids"
import type { Worktree } from "#streams/registry"
import { guarded } from "../control/guarded.ts"
import type { Reach } from "../control/reach.ts"
import type { PlaneContext } from "../plane-context.ts"
import { Problem } from "../problem.ts"
import { addressOfRemote, settledFiles } from "./asking-files.ts"
import { forgeOf, slugOf } from "./forge.ts"
import { withGit } from "./moments.ts"
import type { Publishing, PullRequestRequest, PushRequest } from "./publishing.ts"
import { checkGh, makePullRequest } from "./pull-request.ts"
import { repositoryConfig } from "./repository-config.ts"

/** A first push of a large repository over a slow line. */
const WITHIN_MS = 360_000

export function publishing(context: PlaneContext, reach: Reach): Publishing {
  /** What is to be pushed where. Throws {@link Problem}. */
  async function looked({ sessionId, remote: asked }: PushRequest) {
    const { worktree, title } = await reach.entryOf(sessionId)
    if (worktree === undefined)
      throw new Problem(
        "no_work_tree",
        `Session ${sessionId} works in your own directory: push there yourself, or take \`agentz patch ${sessionId}\`.`,
      )
    const { path } = worktree
    const [branch, commit] = existsSync(path)
      ? await Promise.all([branchIn(path), commitOf(path, "HEAD")])
      : [null, null]
    if (!existsSync(path) || commit === null)
      throw new Problem(
        "no_work_tree",
        `The work tree of session ${sessionId} is not in ${path} any more: \`agentz recover ${sessionId}\` makes it again.`,
      )
    if (branch === null)
      throw new Problem("unknown_branch", `No branch is checked out in ${path}: check one out there.`)
    await checkHasWork(sessionId, worktree, commit)
    const remote = asked ?? (await repositoryConfig(path)).remote
    const address = await addressOfRemote(path, remote)
    return { worktree, title, branch, commit, remote, address }
  }

  async function push(sessionId: SessionId, remote: string): Promise<void> {
    const requestId = newRequestId()
    await reach.ask(sessionId, { type: "push_requested", requestId, remote })
    await settledFiles(context, reach, { sessionId, requestId, limitMs: WITHIN_MS, otherwise: "push_failed" })
  }

  return {
    push: (request) =>
      guarded(() =>
        withGit(async () => {
          const { worktree, branch, commit, remote, address } = await looked(request)
          await push(request.sessionId, remote)
          const uncommitted = (await uncommittedIn(worktree.path)).length
          return { remote, url: address.shown, branch, commit, uncommitted }
        }),
      ),

    pullRequest: (request) =>
      guarded(() =>
        withGit(async () => {
          const found = await looked(request)
          const { branch: head, remote, address } = found
          const forge = forgeOf(address)
          if (forge === null)
            throw new Problem(
              "no_pull_requests",
              `${address.shown} is no repository of a forge: \`agentz push\`, then ask for it to be merged there.`,
            )
          const draft = { head, ...(await wordsOf(found, request)) }
          const { dryRun = false } = request
          const told = { dryRun, repository: slugOf(forge), ...draft }
          if (dryRun) return { ...told, url: null, refused: await whyNot(() => checkGh(forge, head)) }
          await checkGh(forge, head)
          await push(request.sessionId, remote)
          return { ...told, url: await makePullRequest(forge, draft), refused: null }
        }),
      ),
  }
}

/** A branch that names what it began with tells nobody anything. */
async function checkHasWork(sessionId: SessionId, { path, base }: Worktree, tip: string): Promise<void> {
  if (tip !== base) return
  const changed = (await uncommittedIn(path)).length
  throw new Problem(
    "nothing_to_push",
    changed > 0
      ? `What session ${sessionId} did is in no commit yet: \`agentz commit ${sessionId} MESSAGE\` first.`
      : `Session ${sessionId} has committed nothing.`,
  )
}

async function wordsOf(
  {
    worktree: { path, base: onto },
    title,
    commit: tip,
  }: { worktree: Worktree; title: string; commit: string },
  given: PullRequestRequest,
) {
  const subjects = (await commitsBetween({ directory: path, onto, tip })).map(
    ({ subject }) => `- ${subject}\n`,
  )
  return {
    base: given.base ?? null,
    title: given.title?.trim() || title,
    body: given.body ?? subjects.join(""),
    draft: given.draft ?? false,
  }
}

async function whyNot(check: () => Promise<void>): Promise<{ reason: string; message: string } | null> {
  try {
    await check()
    return null
  } catch (error) {
    if (error instanceof Problem) return { reason: error.reason, message: error.message }
    throw error
  }
}
