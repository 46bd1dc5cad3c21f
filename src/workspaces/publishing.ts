/** What can be asked about making the work of a session known elsewhere: its branch at a remote, and a pull request of it. */
import type { SessionId } from "#streams/ids"

export interface PushRequest {
  readonly sessionId: SessionId
  /** What the repository calls it; default: what its `.agentz/config.yaml` says, else `origin`. */
  readonly remote?: string | undefined
}

export interface PushedBranch {
  readonly remote: string
  /** Without a secret. */
  readonly url: string
  readonly branch: string
  readonly commit: string
  /** How many files are in no commit, and so were not pushed. */
  readonly uncommitted: number
}

export interface PullRequestRequest extends PushRequest {
  /** The branch that it is to be merged into; default: the one that the forge has as its default. */
  readonly base?: string | undefined
  /** Default: the title of the session. */
  readonly title?: string | undefined
  /** Default: the subjects of its commits. */
  readonly body?: string | undefined
  readonly draft?: boolean | undefined
  /** Only tells what would be asked. */
  readonly dryRun?: boolean | undefined
}

export interface PullRequest {
  readonly dryRun: boolean
  /** `HOST/OWNER/NAME`. */
  readonly repository: string
  readonly head: string
  readonly base: string | null
  readonly title: string
  readonly body: string
  readonly draft: boolean
  /** Where it is; `null` for a dry run. */
  readonly url: string | null
  /** Why it would be refused as things are; `null`: it would be done. */
  readonly refused: { readonly reason: string; readonly message: string } | null
}

export interface Publishing {
  /** Brings the session's branch to a remote, also while a turn runs. What is in no commit stays here. */
  push(request: PushRequest): Promise<PushedBranch>
  /** Pushes, then asks the forge for a pull request, through its own program `gh`. */
  pullRequest(request: PullRequestRequest): Promise<PullRequest>
}
