/**
 * What a daemon says about its session, in the past tense: it already happened. Names and shapes of what an agent
 * does follow the Agent Client Protocol (v1). A reader skips types it does not know, so an old reader can follow a
 * newer daemon.
 */
import { z } from "zod"
import { Checkpoint, FilesRefused, Restored } from "./files-event.ts"
import {
  AgentExited,
  AgentStarted,
  AvailableCommands,
  ConfigOptions,
  ForkedFrom,
  LimitsChanged,
  ModeChanged,
  SessionEnded,
  SessionFailed,
  SessionInterrupted,
  SessionStarted,
} from "./life-event.ts"
import { ContextCompacted, NoteGiven, NoteWritten } from "./note-event.ts"
import { PermissionRequest, PermissionResolved, PermissionRuled } from "./permission-event.ts"
import type { Stamp } from "./stamp.ts"
import { ToolCall, ToolCallUpdate } from "./tool-event.ts"
import {
  AgentMessage,
  AgentMessageChunk,
  AgentThoughtChunk,
  LimitReached,
  MessageReset,
  MessageSteered,
  MessageWithdrawn,
  Notice,
  Plan,
  TurnEnded,
  TurnStarted,
  Usage,
  UserMessage,
} from "./turn-event.ts"
import { WorkspaceLost, WorkspacePushed, WorkspacePushFailed, WorkspaceRecovered } from "./workspace-event.ts"

export { type Checkpoint, LeftOut } from "./files-event.ts"
export { ConfigOption, PermissionMode, type Repository, SlashCommand } from "./life-event.ts"
export type { NoteGiven } from "./note-event.ts"
export { AnsweredBy, Decision, Touches } from "./permission-event.ts"
export { Failure } from "./stamp.ts"
export { BlobRef, ToolContent, ToolKind, ToolStatus } from "./tool-event.ts"
export { Attachment, StopReason } from "./turn-event.ts"

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
