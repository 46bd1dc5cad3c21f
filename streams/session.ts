/**
 * A session is what its event stream says, read from the first event to the last. The fold is pure: the same
 * stream is the same session in the API, in the CLI, in the daemon and in a browser (`session-fold.ts` reads it). This is its shape.
 */
import type {
  AnsweredBy,
  Attachment,
  BlobRef,
  Checkpoint,
  ConfigOption,
  Decision,
  Failure,
  NoteGiven,
  PermissionMode,
  Repository,
  SlashCommand,
  StopReason,
  ToolContent,
  ToolKind,
  ToolStatus,
  Touches,
} from "./event.ts"
import type { MessageId, RequestId, RuleId, SessionId, TurnId } from "./ids.ts"
import type { Limits } from "./session-limits.ts"
import type { Status } from "./session-status.ts"
import { untouchedWorkspace, type WorkspaceState } from "./workspace-fold.ts"

export { needsDaemon, STATUSES, type Status } from "./session-status.ts"

export interface PermissionRequest {
  readonly requestId: RequestId
  readonly turnId: TurnId
  readonly toolCallId: string
  readonly title: string
  readonly kind: ToolKind
  readonly input: unknown
  readonly inputHash: string
  readonly content: readonly ToolContent[]
  readonly decisions: readonly Decision[]
  /** Absent where an older daemon asked: then no rule can be made of the answer. */
  readonly touches?: Touches | undefined
  readonly denyEndsTurn?: boolean | undefined
  readonly options?:
    | readonly { readonly optionId: string; readonly name: string; readonly decision: "allow" | "deny" }[]
    | undefined
}

/** A call that was answered without a question. */
interface Ruling {
  readonly decision: "allow" | "deny"
  readonly by: "rule" | "mode"
  readonly reason: string
  readonly ruleId: RuleId | null
}

export interface QueuedMessage {
  readonly messageId: MessageId
  readonly text: string
  readonly attachments?: readonly Attachment[] | undefined
}

/**
 * One line of the transcript. `key` is stable; `seq` is that of the event which gave it its place, so it rises from
 * item to item.
 */
export type Item = { readonly key: string; readonly seq: number; readonly at: string } & (
  | {
      readonly type: "user"
      readonly messageId: MessageId
      readonly text: string
      readonly turnId: TurnId | null
      readonly attachments?: readonly Attachment[] | undefined
      /** It was said into a running turn. */
      readonly steered?: boolean
    }
  | { readonly type: "message"; readonly turnId: TurnId; readonly text: string; readonly done: boolean }
  | { readonly type: "thought"; readonly turnId: TurnId; readonly text: string; readonly done: boolean }
  | {
      readonly type: "tool"
      readonly turnId: TurnId
      readonly toolCallId: string
      readonly title: string
      readonly kind: ToolKind
      readonly status: ToolStatus
      readonly locations: readonly { readonly path: string; readonly line?: number | undefined }[]
      readonly input: unknown
      readonly content: readonly ToolContent[]
      readonly output: string
      readonly outputTruncated: boolean
      /** Where all of the output is, when it is shortened here. */
      readonly outputBlob?: BlobRef
      readonly exitCode?: number | null
      /** Whether the call was cut off by the end of its daemon or turn rather than by its own failure. */
      readonly interrupted: boolean
      readonly ruling?: Ruling
    }
  | {
      readonly type: "permission"
      readonly request: PermissionRequest
      readonly decision: Decision | "cancelled" | null
      readonly by: AnsweredBy | null
      readonly note?: string | undefined
    }
  | {
      readonly type: "notice"
      readonly severity: "info" | "warning" | "error"
      readonly category: string
      readonly title: string
      readonly hint?: string
    }
  /** A note of the agent: where it wrote it, and again where it was given it, with the reason. */
  | (NoteText & { readonly type: "note"; readonly given: WhyGiven | null })
  | {
      readonly type: "turn_end"
      readonly turnId: TurnId
      readonly stopReason: StopReason
      readonly error: Failure | null
    }
)
export type ItemOf<Type extends Item["type"]> = Extract<Item, { type: Type }>

export type WhyGiven = NoteGiven["why"]

interface NoteText {
  readonly text: string
  readonly data?: Readonly<Record<string, unknown>> | undefined
  /** The checkpoint that has the files as they were; `null` where none could be taken. */
  readonly checkpoint: number | null
}

/** The last note that the agent kept on where it stands. */
export interface Note extends NoteText {
  readonly at: string
  /** In which turn it was written, or after which one. */
  readonly turn: number
  /** Why the agent may not know of it any more; `null`: it does. */
  readonly forgotten: WhyGiven | null
}

interface UsageTotals {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly costUsd: number | null
}

/** The service refuses the agent for a while; no later turn has begun. */
interface Limit {
  readonly kind: "rate" | "usage"
  readonly message: string
  readonly until: string | null
  readonly resumes: boolean
  /** The turn that it ended. */
  readonly turnId: TurnId | null
}

/** A place in the stream at which the files were kept. */
export type CheckpointMark = Pick<
  Checkpoint,
  "n" | "seq" | "at" | "when" | "turnId" | "note" | "commit" | "tree" | "head" | "changed" | "leftOut"
> & {
  /** Of the turn that ran or had just ended; of the last one before it, where none ran. 0: before the first. */
  readonly turn: number
}

export interface Session {
  readonly sessionId: SessionId
  readonly status: Status
  /** Of the newest event that was taken; -1 before the first. */
  readonly seq: number
  readonly epoch: number
  readonly agentType: string | null
  readonly workingDir: string | null
  readonly model: string | null
  readonly permissionMode: PermissionMode | null
  /** The process that speaks, or spoke last. */
  readonly daemon: {
    readonly pid: number
    readonly startTime: string
    readonly bootId: string
    readonly host: string
  } | null
  /** The machine that it worked on last. */
  readonly host: string | null
  /** Where the working directory stood in git when the last daemon started; `null` where it is in no repository. */
  readonly git: Repository | null
  readonly agentSessionId: string | null
  /** Daemons in a row that came and then did nothing: more than a few will not do better. */
  readonly startsInVain: number
  readonly turnId: TurnId | null
  readonly turns: number
  /** Taken from the inbox and not yet begun, in order. */
  readonly queue: readonly QueuedMessage[]
  /** Every message that was ever taken: what makes taking the inbox idempotent. */
  readonly taken: readonly MessageId[]
  /** Open approvals. They survive the daemon that asked. */
  readonly approvals: readonly PermissionRequest[]
  readonly plan: readonly {
    readonly content: string
    readonly status: "pending" | "in_progress" | "completed"
  }[]
  readonly usage: UsageTotals
  /** What it may use. */
  readonly limits: Limits
  /** What the agent lets one choose, and how it is set. */
  readonly configOptions: readonly ConfigOption[]
  /** What a message to the agent may begin with. */
  readonly commands: readonly SlashCommand[]
  /** How much of its context the agent uses, as it said last. */
  readonly context: { readonly used: number; readonly size: number | null } | null
  /** The model that answered last, as the agent calls it. */
  readonly answeredBy: string | null
  /** Where the agent's own counter of the cost stands. */
  readonly reportedCostUsd: number | null
  readonly limit: Limit | null
  /** How many turns in a row a limit has ended. */
  readonly limitsInARow: number
  /** The session that it goes on from, and that one's event up to which it does. */
  readonly forkedFrom: { readonly sessionId: SessionId; readonly seq: number } | null
  /** In order. */
  readonly checkpoints: readonly CheckpointMark[]
  readonly note: Note | null
  /** What was asked for the files and was done or refused: it is not done again. */
  readonly settled: readonly RequestId[]
  /** The last of them that was refused. */
  readonly filesRefused: { readonly requestId: RequestId; readonly error: Failure } | null
  /** How its branch and checkpoints stand elsewhere than on its disk. */
  readonly workspace: WorkspaceState
  readonly error: Failure | null
  readonly startedAt: string | null
  readonly updatedAt: string | null
  /** The last line an agent or person said; what a list shows. */
  readonly lastLine: string
  readonly items: readonly Item[]
}

export const emptySession = (sessionId: SessionId): Session => ({
  sessionId,
  status: "starting",
  seq: -1,
  epoch: 0,
  agentType: null,
  workingDir: null,
  model: null,
  permissionMode: null,
  daemon: null,
  host: null,
  git: null,
  agentSessionId: null,
  startsInVain: 0,
  turnId: null,
  turns: 0,
  queue: [],
  taken: [],
  approvals: [],
  plan: [],
  usage: { inputTokens: 0, outputTokens: 0, costUsd: null },
  configOptions: [],
  commands: [],
  context: null,
  answeredBy: null,
  reportedCostUsd: null,
  limit: null,
  limitsInARow: 0,
  limits: {},
  forkedFrom: null,
  checkpoints: [],
  note: null,
  settled: [],
  filesRefused: null,
  workspace: untouchedWorkspace,
  error: null,
  startedAt: null,
  updatedAt: null,
  lastLine: "",
  items: [],
})

/** The last line that says something, at most 160 characters, fit for a list. */
export function lastLineOf(text: string): string {
  const lines = text.slice(-2000).trimEnd().split("\n")
  return (lines.at(-1) ?? "").trim().slice(0, 160)
}
