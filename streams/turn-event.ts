/** What is said in a session, from a message to the end of the turn that it began. */
import { z } from "zod"
import { MessageId, TurnId } from "./ids.ts"
import { event, Failure, Turn } from "./stamp.ts"

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
export const UserMessage = event("user_message", {
  messageId: MessageId,
  text: z.string(),
  attachments: z.array(Attachment).optional(),
})

/** It was taken back before a turn began with it. */
export const MessageWithdrawn = event("message_withdrawn", { messageId: MessageId })

/** The running turn has taken the message in: it gets no turn of its own. */
export const MessageSteered = event("message_steered", { turnId: TurnId, messageId: MessageId })

export const TurnStarted = event("turn_started", {
  ...Turn,
  /** The message it answers; absent when the turn goes on after an interruption. */
  messageId: MessageId.optional(),
  cause: z.enum(["user", "recovery"]),
})

/** A preview: the whole text comes as `agent_message`. */
export const AgentMessageChunk = event("agent_message_chunk", {
  ...Turn,
  messageId: z.string(),
  text: z.string(),
})

export const AgentThoughtChunk = event("agent_thought_chunk", {
  ...Turn,
  messageId: z.string(),
  text: z.string(),
})

/** The open message starts anew: a retry replaces what was streamed so far. */
export const MessageReset = event("message_reset", { ...Turn, messageId: z.string() })

/** The whole text of a message at its end: the truth for replay. */
export const AgentMessage = event("agent_message", { ...Turn, messageId: z.string(), text: z.string() })

const PlanEntry = z.object({
  content: z.string(),
  priority: z.enum(["high", "medium", "low"]),
  status: z.enum(["pending", "in_progress", "completed"]),
})

export const Plan = event("plan", { ...Turn, entries: z.array(PlanEntry) })

/** What a turn cost: differences, never running totals. */
export const Usage = event("usage", {
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

export const Notice = event("notice", {
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
export const LimitReached = event("limit_reached", {
  turnId: TurnId.optional(),
  /** `rate`: too many requests at once. `usage`: what the account allows is used up. */
  kind: z.enum(["rate", "usage"]),
  message: z.string(),
  /** When it is lifted, ISO 8601; `null` where nobody said. */
  until: z.string().nullable(),
  /** Whether the session goes on by itself at `until`. */
  resumes: z.boolean(),
})

export const TurnEnded = event("turn_ended", { ...Turn, stopReason: StopReason, error: Failure.optional() })
