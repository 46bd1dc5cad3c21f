/** What can be asked about the files of a session. Checkpoints are numbered from 1. */
import type { Checkpoint } from "#streams/event"
import type { FileChange, Moment } from "#streams/file-change"
import type { SessionId } from "#streams/ids"
import type { CheckpointMark } from "#streams/session"

export interface ChangesRequest {
  readonly sessionId: SessionId
  /** Default: `base`. */
  readonly from?: Moment | undefined
  /** Default: `now` where the files are on this machine, else the last checkpoint. */
  readonly to?: Moment | undefined
  /** What this turn did, instead of `from` and `to`: 1 is the session's first. */
  readonly turn?: number | undefined
}

export interface Changes {
  readonly from: Moment
  readonly to: Moment
  /** In order of their names. */
  readonly files: readonly FileChange[]
}

export interface DiffRequest extends ChangesRequest {
  /** One file or folder, from the top of the tree. */
  readonly path?: string | undefined
}

export interface Diff extends Changes {
  /** Text that `git apply` reads. Of files that are not text it says only that they differ. */
  readonly patch: string
  /** The patch is longer than what is shown of one, and is not given at all: ask for one path. */
  readonly truncated: boolean
}

export interface RestoreRequest {
  readonly sessionId: SessionId
  /** The checkpoint. */
  readonly n: number
  /** Only tells what would be done. */
  readonly dryRun?: boolean | undefined
}

export interface Restoring {
  readonly n: number
  readonly dryRun: boolean
  /** What becomes of the files. */
  readonly files: readonly FileChange[]
  /** Work that no checkpoint has and that would be lost: while there is any, nothing is restored. */
  readonly inTheWay: readonly string[]
  /** Repositories inside the tree, which stay as they are. */
  readonly untouched: readonly string[]
}

/** The files of sessions: kept around each turn, compared, put back. */
export interface Keeping {
  checkpoints(sessionId: SessionId): Promise<{ readonly checkpoints: readonly CheckpointMark[] }>
  /** Keeps the files as they are now, also while a turn runs. */
  checkpoint(request: {
    readonly sessionId: SessionId
    readonly note?: string | undefined
  }): Promise<Pick<Checkpoint, "n" | "commit" | "tree">>
  changes(request: ChangesRequest): Promise<Changes>
  diff(request: DiffRequest): Promise<Diff>
  /** Puts the files back, after a checkpoint of its own. Refused while a turn runs. */
  restore(request: RestoreRequest): Promise<Restoring>
}

export interface ForkRequest {
  readonly sessionId: SessionId
  /** The checkpoint to go on from. */
  readonly at?: number | undefined
  /** Any event to go on behind, with the files of the last checkpoint before it. Default: the newest. */
  readonly seq?: number | undefined
  /** What the new session is to do first; left out, it waits for a message. */
  readonly prompt?: string | undefined
  readonly title?: string | undefined
}

export interface Forking {
  /** A new session from that moment of another one, in a work tree or directory of its own. */
  fork(request: ForkRequest): Promise<{ readonly sessionId: SessionId; readonly workingDir: string }>
}

export interface RepositoryCommands {
  /** The top of the repository. */
  readonly root: string
  /** Where it says so. */
  readonly file: string
  readonly base?: string | undefined
  readonly copy: readonly string[]
  readonly setup: readonly string[]
  readonly teardown: readonly string[]
  readonly minutes: number
  /** The remote that branches are pushed to. */
  readonly remote: string
  /** Whether it wants branch and checkpoints of each session pushed there after each turn. */
  readonly push: boolean
  /** Where that leads, without a secret. Left out: there is no such remote, or its address is refused. */
  readonly url?: string | undefined
  /** Names these very commands. */
  readonly hash: string
  /** There is nothing to allow, or the user has allowed it. */
  readonly allowed: boolean
}

export interface Trusting {
  /** What the repository of a directory says about sessions in it. */
  repositoryConfig(workingDir: string): Promise<RepositoryCommands>
  /** From now on these very commands may be run in new work trees of that repository. */
  allowCommands(request: {
    readonly workingDir: string
    readonly hash: string
  }): Promise<{ readonly root: string; readonly hash: string; readonly allowed: true }>
}
