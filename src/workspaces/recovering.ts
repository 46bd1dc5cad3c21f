/** What can be asked about work trees, and directories, that are gone from this disk. */
import type { Failure } from "#streams/event"
import type { SessionId } from "#streams/ids"

export interface RecoverRequest {
  /** Default: all sessions that have nowhere to work, but for those that are archived or worked on another machine. */
  readonly sessionIds?: readonly SessionId[] | undefined
  /** Only tells what would be done; the remote is not asked. */
  readonly dryRun?: boolean | undefined
}

export interface RecoveredSession {
  readonly sessionId: SessionId
  readonly title: string
  /** `there`: nothing was missing. `gone`: it would be tried. */
  readonly outcome: "there" | "gone" | "recovered" | "lost"
  /** Of the work tree, or of the user's own directory. */
  readonly path: string
  /** Where it came from, or would come from; `null`: nowhere. */
  readonly from: "remote" | "repository" | null
  /** Without a secret; `null`: it was never pushed. */
  readonly url: string | null
  readonly branch: string | null
  /** The checkpoint that the files are as; `null`: as the branch has them. */
  readonly checkpoint: number | null
  /** How many checkpoints after it are nowhere any more. */
  readonly gone: number
  readonly error: Failure | null
}

/** How the recovery goes that a control plane does by itself at its start. */
export interface RecoveryProgress {
  readonly total: number
  readonly recovered: number
  readonly lost: number
  /** Still to be done, or to be tried again. */
  readonly waiting: number
}

export interface Recovering {
  /** Makes again what is gone, and leaves alone what is there. */
  recover(
    request: RecoverRequest,
  ): Promise<{ readonly dryRun: boolean; readonly sessions: readonly RecoveredSession[] }>
  recovery(): RecoveryProgress
}
