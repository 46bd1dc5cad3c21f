/**
 * What a daemon says about its session, in the past tense: it already happened. Names and shapes of what an agent
 * does follow the Agent Client Protocol (v1). A reader skips types it does not know, so an old reader can follow a
 * newer daemon.
 */
import { z } from "zod"
import { MessageId, RequestId, RuleId, SessionId, TurnId } from "./ids.ts"
import { Limits } from "./session-limits.ts"
import { event, Failure, type Stamp } from "./stamp.ts"
import { WorkspaceLost, WorkspacePushed, WorkspacePushFailed, WorkspaceRecovered } from "./workspace-event.ts"

export { Failure } from "./stamp.ts"

export const PermissionMode = z.enum(["ask", "accept_edits", "read_only", "bypass"])
export type PermissionMode = z.infer<typeof PermissionMode>

export const ToolKind = z.enum([
  "read",
  "edit",
  "delete",
  "move",
  "search",
  "execute",
  "think",
  "fetch",
  "switch_mode",
  "other",
])
export type ToolKind = z.infer<typeof ToolKind>

export const ToolStatus = z.enum(["pending", "in_progress", "completed", "failed"])
export type ToolStatus = z.infer<typeof ToolStatus>

/** What a tool call shows. `oldText: null` is a new file. */
export const ToolContent = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), text: z.string() }),
  z.object({
    type: z.literal("diff"),
    path: z.string(),
    oldText: z.string().nullable(),
    newText: z.string(),
  }),
])
export type ToolContent = z.infer<typeof ToolContent>

/** The whole of something that an event has room for only in part: a stream of its own, named `blob`. */
export const BlobRef = z.object({
  blob: z.string(),
  bytes: z.number().int().nonnegative(),
  /** Characters in the middle that it had no room for. */
  leftOut: z.number().int().positive().optional(),
})
export type BlobRef = z.infer<typeof BlobRef>

const Location = z.object({ path: z.string(), line: z.number().int().optional() })

export const Decision = z.enum(["allow", "allow_always", "deny"])
export type Decision = z.infer<typeof Decision>

export const AnsweredBy = z.enum(["user", "rule", "mode", "daemon"])
export type AnsweredBy = z.infer<typeof AnsweredBy>

/** Why a turn ended: the ACP stop reasons, and the two that no agent can report of itself. */
export const StopReason = z.enum([
  "end_turn",
  "max_tokens",
  "max_turn_requests",
  "refusal",
  "cancelled",
  "error",
  "interrupted",
])
export type StopReason = z.infer<typeof StopReason>

const Turn = { turnId: TurnId }

/** A git repository: its top, the branch (`null`: none is checked out) and the commit (`null`: before the first). */
const Repository = z.object({ root: z.string(), branch: z.string().nullable(), head: z.string().nullable() })
export type Repository = z.infer<typeof Repository>

/** The session goes on from another one as it was at its event `seq`; what it took from that follows. */
const ForkedFrom = event("forked_from", {
  sessionId: SessionId,
  /** Of the last event that was taken. */
  forkSeq: z.number().int().nonnegative(),
})

const SessionStarted = event("session_started", {
  agentType: z.string(),
  workingDir: z.string(),
  model: z.string().optional(),
  permissionMode: PermissionMode,
  pid: z.number().int(),
  /** Start time of the process as the system counts it; with `bootId` and `pid` it names one process for good. */
  startTime: z.string(),
  bootId: z.string(),
  host: z.string(),
  incarnation: z.string(),
  /** Version of agentz. */
  version: z.string(),
  /** How surely its processes are found and ended: `cgroup`, `namespace` or `marker`. */
  isolation: z.string().optional(),
  /** What the session may use; what is absent is not limited. */
  limits: Limits.optional(),
  /** What the working directory is part of, as it stood then. */
  git: Repository.optional(),
})

const AgentStarted = event("agent_started", {
  /** Absent where the agent runs inside the daemon. */
  pid: z.number().int().optional(),
  /** With `pid` and the `bootId` of its daemon it names one process for good. */
  startTime: z.string().optional(),
  name: z.string(),
  version: z.string().optional(),
  /** What the agent calls this conversation; the key to resume it. */
  agentSessionId: z.string(),
})
const AgentExited = event("agent_exited", {
  code: z.number().int().nullable(),
  signal: z.string().nullable(),
  expected: z.boolean(),
})

/** What a message brings along. `blob` names the stream that holds its content. */
export const Attachment = z.discriminatedUnion("type", [
  z.object({ type: z.literal("image"), mimeType: z.string(), blob: z.string(), name: z.string().optional() }),
  z.object({
    type: z.literal("file"),
    /** Where it is in the working directory, or what it was called where it came from. */
    path: z.string(),
    name: z.string(),
    blob: z.string().optional(),
    mimeType: z.string().optional(),
  }),
])
export type Attachment = z.infer<typeof Attachment>

/** A daemon took this message from the inbox. It waits in the queue until a `turn_started` names it. */
const UserMessage = event("user_message", {
  messageId: MessageId,
  text: z.string(),
  attachments: z.array(Attachment).optional(),
})
/** It was taken back before a turn began with it. */
const MessageWithdrawn = event("message_withdrawn", { messageId: MessageId })
/** The running turn has taken the message in: it gets no turn of its own. */
const MessageSteered = event("message_steered", { turnId: TurnId, messageId: MessageId })

const TurnStarted = event("turn_started", {
  ...Turn,
  /** The message it answers; absent when the turn goes on after an interruption. */
  messageId: MessageId.optional(),
  cause: z.enum(["user", "recovery"]),
})

/** A preview: the whole text comes as `agent_message`. */
const AgentMessageChunk = event("agent_message_chunk", {
  ...Turn,
  messageId: z.string(),
  text: z.string(),
})
const AgentThoughtChunk = event("agent_thought_chunk", {
  ...Turn,
  messageId: z.string(),
  text: z.string(),
})
/** The open message starts anew: a retry replaces what was streamed so far. */
const MessageReset = event("message_reset", { ...Turn, messageId: z.string() })
/** The whole text of a message at its end: the truth for replay. */
const AgentMessage = event("agent_message", { ...Turn, messageId: z.string(), text: z.string() })

const ToolFields = {
  title: z.string(),
  kind: ToolKind,
  status: ToolStatus,
  locations: z.array(Location),
  /** The arguments as the agent gave them. Absent where it gave none: JSON has no `undefined`. */
  input: z.unknown().optional(),
  content: z.array(ToolContent),
  /** What the tool printed or returned, capped; `outputTruncated` says when. */
  output: z.string(),
  outputTruncated: z.boolean(),
  /** Where all of the output is, when the event has it only in part. */
  outputBlob: BlobRef,
  /** Of the command, where there was one; `null` when it was ended by a signal. */
  exitCode: z.number().int().nullable(),
  /** The call was cut off by the end of its turn rather than by its own failure. */
  interrupted: z.boolean(),
}
const ToolCall = event("tool_call", {
  ...Turn,
  toolCallId: z.string(),
  ...ToolFields,
  output: ToolFields.output.optional(),
  outputTruncated: ToolFields.outputTruncated.optional(),
  outputBlob: ToolFields.outputBlob.optional(),
  exitCode: ToolFields.exitCode.optional(),
  interrupted: ToolFields.interrupted.optional(),
})
/** Fields that are there replace those of the call; `appendOutput` is added to its output. */
const ToolCallUpdate = event("tool_call_update", {
  ...Turn,
  toolCallId: z.string(),
  ...z.object(ToolFields).partial().shape,
  appendOutput: z.string().optional(),
})

const PlanEntry = z.object({
  content: z.string(),
  priority: z.enum(["high", "medium", "low"]),
  status: z.enum(["pending", "in_progress", "completed"]),
})
const Plan = event("plan", { ...Turn, entries: z.array(PlanEntry) })

/** What a call would touch, as far as that is certain. Rules are matched against it. */
export const Touches = z.object({
  /** The words of a command that is one plain program call. */
  words: z.array(z.string()).optional(),
  /** Every file it names, absolute and with links resolved. */
  paths: z.array(z.string()).optional(),
  /** Of the kind and the arguments: names this very call. */
  hash: z.string(),
  /** Of the agents' configuration in the project. */
  configHash: z.string().optional(),
})
export type Touches = z.infer<typeof Touches>

const Request = {
  requestId: RequestId,
  toolCallId: z.string(),
  title: z.string(),
  kind: ToolKind,
  input: z.unknown().optional(),
  /** SHA-256 of agent, kind and canonical input: an answer is good for exactly this call. */
  inputHash: z.string(),
  content: z.array(ToolContent),
  /** What may be answered. */
  decisions: z.array(Decision),
  touches: Touches.optional(),
  /** The agent knows no other refusal than to stop: denying ends the turn. */
  denyEndsTurn: z.boolean().optional(),
  /** The agent's own options, where they say more than our answers. */
  options: z
    .array(z.object({ optionId: z.string(), name: z.string(), decision: z.enum(["allow", "deny"]) }))
    .optional(),
}
const PermissionRequest = event("permission_request", { ...Turn, ...Request })
const PermissionResolved = event("permission_resolved", {
  requestId: RequestId,
  decision: z.enum([...Decision.options, "cancelled"]),
  /** `false`: the agent was gone or did not ask again, so it never heard the answer. */
  delivered: z.boolean(),
  /** Who answered. `daemon`: nobody did, and the question is void. */
  by: AnsweredBy,
  reason: z.string().optional(),
  /** What was told to the agent along with a refusal. */
  note: z.string().optional(),
  ruleId: RuleId.optional(),
})
/** A call that needed no question: a rule or the mode answered it. `reason` says which, for readers. */
const PermissionRuled = event("permission_ruled", {
  ...Turn,
  toolCallId: z.string(),
  title: z.string(),
  kind: ToolKind,
  decision: z.enum(["allow", "deny"]),
  by: z.enum(["rule", "mode"]),
  reason: z.string(),
  ruleId: RuleId.optional(),
})
const ModeChanged = event("mode_changed", { mode: PermissionMode })

/** One thing that can be chosen for the agent: its model, its own mode, how hard it thinks. */
export const ConfigOption = z.object({
  id: z.string(),
  name: z.string(),
  category: z.enum(["model", "mode", "effort", "other"]),
  value: z.string(),
  choices: z.array(z.object({ value: z.string(), name: z.string(), description: z.string().optional() })),
})
export type ConfigOption = z.infer<typeof ConfigOption>
/** All there is to choose, each time anew. */
const ConfigOptions = event("config_options", { options: z.array(ConfigOption) })

export const SlashCommand = z.object({
  name: z.string(),
  description: z.string(),
  hint: z.string().optional(),
})
export type SlashCommand = z.infer<typeof SlashCommand>
/** What a message may begin with, as `/name`. All of it, each time anew. */
const AvailableCommands = event("available_commands", { commands: z.array(SlashCommand) })

/** What a turn cost: differences, never running totals. */
const Usage = event("usage", {
  ...Turn,
  inputTokens: z.number().nonnegative(),
  outputTokens: z.number().nonnegative(),
  cachedReadTokens: z.number().nonnegative().optional(),
  cachedWriteTokens: z.number().nonnegative().optional(),
  contextUsed: z.number().nonnegative().optional(),
  contextSize: z.number().nonnegative().optional(),
  costUsd: z.number().nonnegative().optional(),
  /** Where the agent's own counter of the cost stood: what the next difference is taken from. */
  reportedCostUsd: z.number().nonnegative().optional(),
  /** The model that answered, as the agent calls it. */
  model: z.string().optional(),
})

/** From now on the session may use this, all of it named. */
const LimitsChanged = event("limits_changed", { limits: Limits })

const Notice = event("notice", {
  severity: z.enum(["info", "warning", "error"]),
  category: z.string(),
  title: z.string(),
  /** What a person can do about it. */
  hint: z.string().optional(),
  retry: z.object({ attempt: z.number().int(), max: z.number().int() }).optional(),
})

/**
 * The service refuses the agent for a while. Said before the turn ends, and again when it is decided anew whether the
 * session goes on by itself: the newest counts until a turn begins.
 */
const LimitReached = event("limit_reached", {
  turnId: TurnId.optional(),
  /** `rate`: too many requests at once. `usage`: what the account allows is used up. */
  kind: z.enum(["rate", "usage"]),
  message: z.string(),
  /** When it is lifted, ISO 8601; `null` where nobody said. */
  until: z.string().nullable(),
  /** Whether the session goes on by itself at `until`. */
  resumes: z.boolean(),
})

/** A file that a checkpoint does not have as it was. */
export const LeftOut = z.object({
  path: z.string(),
  /**
   * `too_large`: larger than one file may be. `too_much`: all that changed was larger than may be kept at once.
   * `nested_repository`: a repository inside the tree keeps its own files.
   */
  why: z.enum(["too_large", "too_much", "nested_repository", "not_a_file", "unreadable"]),
  bytes: z.number().int().nonnegative().optional(),
})
export type LeftOut = z.infer<typeof LeftOut>

/** The files as they were at this place of the stream. What is checked out, staged or stashed was not touched for it. */
const Checkpoint = event("checkpoint", {
  /** Counts from 1 through the session. */
  n: z.number().int().positive(),
  when: z.enum(["before_turn", "after_turn", "asked", "before_restore", "restored"]),
  /** The turn that runs, or has just come to its end. */
  turnId: TurnId.optional(),
  /** The request that asked for it. */
  requestId: RequestId.optional(),
  /** What whoever asked for it has to say. */
  note: z.string().optional(),
  commit: z.string(),
  tree: z.string(),
  /** What was checked out in the repository; `null` before the first commit and where there is no repository. */
  head: z.string().nullable(),
  /** What differs from the checkpoint before; for the first one, from `head`. Lines are counted in text alone. */
  changed: z.object({
    files: z.number().int().nonnegative(),
    added: z.number().int().nonnegative(),
    removed: z.number().int().nonnegative(),
  }),
  /** At most 50 of them are named. */
  leftOut: z.object({ count: z.number().int().positive(), files: z.array(LeftOut) }).optional(),
})
export type Checkpoint = z.infer<typeof Checkpoint>
/** The files are as they were at checkpoint `n` again; `checkpoint` is the number of the checkpoint that says so. */
const Restored = event("restored", {
  requestId: RequestId,
  n: z.number().int().positive(),
  checkpoint: z.number().int().positive(),
  files: z.number().int().nonnegative(),
})
/** What was asked for the files was not done, and nothing was changed. */
const FilesRefused = event("files_refused", { requestId: RequestId, error: Failure })

/** What the agent keeps on where it stands. Of all its notes the last one counts. */
const NoteWritten = event("note_written", {
  turnId: TurnId.optional(),
  text: z.string(),
  data: z.record(z.string(), z.unknown()).optional(),
  /** The checkpoint that has the files as they were then; absent where none could be taken. */
  checkpoint: z.number().int().positive().optional(),
})
/** The agent was given its last note again: before the turn's prompt, or since it asked for it. */
const NoteGiven = event("note_given", {
  ...Turn,
  why: z.enum(["memory_lost", "compacted", "interrupted", "forked", "asked"]),
})
export type NoteGiven = z.infer<typeof NoteGiven>
/** The agent summed up its memory of the conversation to make room. */
const ContextCompacted = event("context_compacted", Turn)

const TurnEnded = event("turn_ended", { ...Turn, stopReason: StopReason, error: Failure.optional() })

/** The daemon left in peace. The session can be continued; a message wakes it. */
const SessionEnded = event("session_ended", { reason: z.enum(["idle", "stopped"]) })
/** The daemon could not start or broke. Said by itself, or on its behalf with the end of its log. */
const SessionFailed = event("session_failed", { error: Failure, logTail: z.string().optional() })
/** The daemon is gone or silent in mid-turn. Said on its behalf. Nothing that was acknowledged is lost. */
const SessionInterrupted = event("session_interrupted", {
  error: Failure,
  logTail: z.string().optional(),
})

export const SessionEvent = z.discriminatedUnion("type", [
  ForkedFrom,
  SessionStarted,
  AgentStarted,
  AgentExited,
  UserMessage,
  MessageWithdrawn,
  MessageSteered,
  TurnStarted,
  AgentMessageChunk,
  AgentThoughtChunk,
  MessageReset,
  AgentMessage,
  ToolCall,
  ToolCallUpdate,
  Plan,
  PermissionRequest,
  PermissionResolved,
  PermissionRuled,
  ModeChanged,
  ConfigOptions,
  AvailableCommands,
  Usage,
  LimitsChanged,
  Notice,
  LimitReached,
  Checkpoint,
  Restored,
  FilesRefused,
  WorkspacePushed,
  WorkspacePushFailed,
  WorkspaceRecovered,
  WorkspaceLost,
  NoteWritten,
  NoteGiven,
  ContextCompacted,
  TurnEnded,
  SessionEnded,
  SessionFailed,
  SessionInterrupted,
])
export type SessionEvent = z.infer<typeof SessionEvent>

type DistributiveOmit<Union, Keys extends PropertyKey> = Union extends unknown ? Omit<Union, Keys> : never
/** An event before it is stamped: the publisher gives it its place and time. */
export type Unstamped = DistributiveOmit<SessionEvent, keyof Stamp>

/** Reads one event. `null` when its type is not known here or its shape is off; the caller goes on. */
export function parseEvent(value: unknown): SessionEvent | null {
  const parsed = SessionEvent.safeParse(value)
  return parsed.success ? parsed.data : null
}
