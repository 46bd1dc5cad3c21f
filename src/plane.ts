/**
 * The control plane: everything that can be asked of agentz, whoever asks (tRPC, CLI, MCP). It holds no
 * state that a replay does not give back, so there may be many of it at once and any may be killed.
 */
import type { McpServer } from "#daemon/mcp-server"
import type { Children } from "#streams/children"
import type { SendMode } from "#streams/command"
import type { Decision, PermissionMode, SessionEvent } from "#streams/event"
import type { MessageId, RequestId, RuleId, SessionId, TokenId, UploadId } from "#streams/ids"
import type { OnLimit } from "#streams/limit"
import type { RegistryEntry } from "#streams/registry"
import type { Rule, RuleMatch, RuleScope } from "#streams/rule"
import type { Excerpt } from "#streams/search"
import type { Item, Session, Status } from "#streams/session"
import type { LimitChange, Limits } from "#streams/session-limits"
import type { WorkspaceRequest } from "#streams/workspace-request"
import type { Pruned, PruneRequest, SessionCost } from "./retention.ts"
import type { StorageReport } from "./storage.ts"
import type { WorkflowPlane } from "./workflows/plane.ts"
import type { Bringing } from "./workspaces/bringing.ts"
import type { GivenBack } from "./workspaces/giving-back.ts"
import type { Forking, Keeping, Trusting } from "./workspaces/keeping.ts"
import type { PrunedWorktrees, PruneWorktreesRequest } from "./workspaces/pruning-worktrees.ts"
import type { Publishing } from "./workspaces/publishing.ts"
import type { Recovering } from "./workspaces/recovering.ts"

export interface SpawnRequest {
  readonly agentType: string
  readonly prompt: string
  /** Default: the user's home. Relative paths are refused. */
  readonly workingDir?: string | undefined
  /** Default: the directory itself. */
  readonly workspace?: WorkspaceRequest | undefined
  readonly model?: string | undefined
  readonly title?: string | undefined
  readonly permissionMode?: PermissionMode | undefined
  /** What to do when the agent's service refuses it for a while; default: `AGENTZ_ON_LIMIT`. */
  readonly onLimit?: OnLimit | undefined
  /** What it may use, beside the defaults of the environment; `null` lifts one of those. */
  readonly limits?: LimitChange | undefined
  /** Of the agent's own options, by their ids. */
  readonly config?: Readonly<Record<string, string>> | undefined
  readonly mcpServers?: readonly McpServer[] | undefined
  readonly attachments?: readonly AttachmentRequest[] | undefined
  /** Lets its agent start sessions; default: `AGENTZ_CHILDREN`. `family` has the places for them, else it itself. */
  readonly children?: (Children & { readonly family?: SessionId | undefined }) | undefined
  /** A token of MCP, or the session whose agent asks: it gets no more than that one may do. */
  readonly startedBy?: TokenId | SessionId | undefined
  /** It works in this directory or below. */
  readonly within?: string | undefined
  readonly idempotencyKey?: string | undefined
}

/** A file that was uploaded by `attach`. */
export interface AttachmentRequest {
  readonly uploadId: UploadId
  /** How it is shown and told. */
  readonly name: string
}

export interface AttachRequest {
  /** Base64. */
  readonly data: string
  /** The upload that this is the next part of. */
  readonly uploadId?: UploadId | undefined
}

export interface ApproveRequest {
  readonly sessionId: SessionId
  readonly requestId: RequestId
  readonly decision: Decision
  /** Told to the agent along with a refusal. */
  readonly note?: string | undefined
  /** One of the agent's own options, where it offers more than ours. */
  readonly optionId?: string | undefined
  /** For how much it counts for good: this session, or all of this agent in this directory. */
  readonly scope?: RuleScope | undefined
  /** For which calls it counts for good; default: the like of this one. */
  readonly match?: RuleMatch | undefined
}

export type DescribedRule = Rule & { readonly description: string }

export interface AgentTypeInfo {
  readonly type: string
  readonly title: string
  readonly description: string
  readonly found: boolean
  readonly version: string | null
  readonly needs: readonly string[]
  readonly defaultModel: string | null
}

export interface SearchRequest {
  /** Words that an item has to hold, all of them, whatever their case; "in quotes" they stand together. */
  readonly query: string
  /** How many hits at most; default 50. */
  readonly limit?: number | undefined
  readonly cursor?: string | undefined
  /** Nobody waits for the answer any more. */
  readonly signal?: AbortSignal | undefined
}

/** An item of a transcript that holds what was looked for. `/s/SESSION#SEQ` leads to it. */
export interface SearchHit extends Excerpt {
  readonly sessionId: SessionId
  /** Of the session. */
  readonly title: string
  readonly seq: number
  readonly at: string
  readonly type: Item["type"]
}

export interface SearchResult {
  /** Newest session first, and in a session the newest first. */
  readonly hits: readonly SearchHit[]
  /** How many of all sessions were looked at to their end, earlier calls included. */
  readonly searched: number
  readonly total: number
  /** Where to go on: there because of `limit`, or because of the time that a call may take. */
  readonly cursor?: string
  /** Sessions that could not be read. */
  readonly unread: readonly SessionId[]
}

/** Files of a session's directory, or of one that a session is to be started in. */
export interface FilesRequest {
  readonly where: { readonly sessionId: SessionId } | { readonly workingDir: string }
  /** Letters of the path, in order; none: the nearest files. */
  readonly query: string
  /** Default 20. */
  readonly limit?: number | undefined
}

export interface FilesFound {
  /** As paths from the directory, the best first. */
  readonly files: readonly string[]
  /** Whether the whole directory was looked through. */
  readonly complete: boolean
}

/** A session with its newest items, true at `offset`: follow from there with the same fold. */
export interface SessionView {
  /** The whole fold but for its items. */
  readonly session: Omit<Session, "items"> & {
    readonly title: string
    readonly startedBy?: TokenId | SessionId | undefined
  }
  readonly items: readonly Item[]
  readonly offset: string
  /** Whether there are items before these: ask with `before` = the first one's `seq`. */
  readonly hasMore: boolean
}

export interface ControlPlane
  extends AsyncDisposable,
    Keeping,
    Forking,
    Trusting,
    Bringing,
    Publishing,
    Recovering {
  /** Returns as soon as the session is durable; the daemon starts meanwhile. */
  spawn(request: SpawnRequest): Promise<{ readonly sessionId: SessionId; readonly warning?: string }>
  sendMessage(request: {
    readonly sessionId: SessionId
    readonly text: string
    readonly mode?: SendMode | undefined
    readonly attachments?: readonly AttachmentRequest[] | undefined
    readonly idempotencyKey?: string | undefined
  }): Promise<{ readonly messageId: MessageId }>
  /** Takes back a message that waits. Throws `message_begun` where the agent has it already. */
  withdraw(request: {
    readonly sessionId: SessionId
    readonly messageId: MessageId
  }): Promise<{ readonly messageId: MessageId; readonly withdrawn: true }>
  /** Takes a file, or the next part of one, that a message will bring along. `bytes`: how much there is of it now. */
  attach(request: AttachRequest): Promise<{ readonly uploadId: UploadId; readonly bytes: number }>
  /** Ends the running turn; a session that waits for a limit to be lifted does not go on by itself any more. */
  cancel(sessionId: SessionId): Promise<{ readonly sessionId: SessionId; readonly status: Status }>
  /**
   * The decision that stands: the first one wins. `allow_always`, or a `scope` or `match` with `deny`, makes a rule
   * of it: for the like in this session where nothing else is said.
   */
  approve(request: ApproveRequest): Promise<{
    readonly requestId: RequestId
    readonly decision: Decision
    readonly rule?: DescribedRule
  }>
  /** What was allowed or refused for good, oldest first. */
  rules(): Promise<{ readonly rules: readonly DescribedRule[] }>
  /** The rule speaks no more, in living sessions too. */
  revokeRule(ruleId: RuleId): Promise<{ readonly ruleId: RuleId; readonly revoked: true }>
  /** Counts at once where the session lives, else when it lives again. */
  setMode(request: { readonly sessionId: SessionId; readonly mode: PermissionMode }): Promise<{
    readonly sessionId: SessionId
    readonly mode: PermissionMode
    readonly warning?: string
  }>
  /** Sets one of the agent's own options; kept like the mode. */
  setConfigOption(request: {
    readonly sessionId: SessionId
    readonly optionId: string
    readonly value: string
  }): Promise<{ readonly sessionId: SessionId; readonly optionId: string; readonly value: string }>
  resume(sessionId: SessionId): Promise<{ readonly sessionId: SessionId; readonly epoch: number }>
  getSession(request: {
    readonly sessionId: SessionId
    /** How many of the newest items; default 200. */
    readonly tail?: number | undefined
    /** Only items whose `seq` is lower. */
    readonly before?: number | undefined
  }): Promise<SessionView>
  listSessions(request: {
    readonly status?: Status | undefined
    readonly query?: string | undefined
    readonly limit?: number | undefined
    readonly cursor?: string | undefined
  }): Promise<{
    readonly sessions: readonly RegistryEntry[]
    readonly offset: string
    readonly cursor?: string
  }>
  /** What was said, in all sessions, archived ones too. */
  search(request: SearchRequest): Promise<SearchResult>
  /** Files to be named in a message. In a repository those that it has or would take in. */
  files(request: FilesRequest): Promise<FilesFound>
  /** Events from `offset` (default: the start) on, for ever, until `signal` aborts. */
  follow(request: {
    readonly sessionId: SessionId
    readonly offset?: string | undefined
    readonly signal: AbortSignal
  }): AsyncIterable<{ readonly event: SessionEvent; readonly offset: string }>
  /** Holds from now on, for the turn that runs as well. Gives all limits of the session. */
  setLimits(request: {
    readonly sessionId: SessionId
    readonly limits: LimitChange
  }): Promise<{ readonly sessionId: SessionId; readonly limits: Limits }>
  /** Gives the session another title. */
  rename(request: {
    readonly sessionId: SessionId
    readonly title: string
  }): Promise<{ readonly sessionId: SessionId; readonly title: string }>
  /**
   * Keeps the transcript of a session at rest as whole messages, and lets its events go. Its work tree is given back if all
   * that is in it can be had again; `workTree` says whether, where it has one.
   */
  archive(sessionId: SessionId): Promise<{
    readonly sessionId: SessionId
    readonly archivedAt: string
    readonly workTree?: GivenBack
  }>
  /** Brings an archived session back to where it can go on, with its work tree. A message to it does the same. */
  unarchive(sessionId: SessionId): Promise<{
    readonly sessionId: SessionId
    /** It was made again, with the files of that checkpoint or as its branch has it; or why it could not be. */
    readonly workTree?: { readonly checkpoint: number | null } | { readonly why: string }
  }>
  /** What sessions take on the disks. */
  sizes(sessionIds: readonly SessionId[]): Promise<readonly SessionCost[]>
  /** Deletes old sessions, or tells which it would. */
  prune(request: PruneRequest): Promise<Pruned>
  /** Takes away the work trees whose work is elsewhere, or tells of all of them what they cost and hold. */
  pruneWorktrees(request: PruneWorktreesRequest): Promise<PrunedWorktrees>
  /** Whether what sessions say reaches their streams. Answers also while the stream server is away. */
  storage(): Promise<StorageReport>
  agentTypes(): Promise<readonly AgentTypeInfo[]>
  readonly workflows: WorkflowPlane
}
