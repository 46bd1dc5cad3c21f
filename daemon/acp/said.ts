/**
 * What agents say in a turn, whatever words they use for it: between the wire, where each agent has its own habits,
 * and the narrator, which is the same for all.
 */
import type { SessionEvent } from "#streams/event"
import type { Trouble } from "./trouble.ts"

export type CallFields = Pick<
  Extract<SessionEvent, { type: "tool_call_update" }>,
  "title" | "kind" | "status" | "locations" | "input" | "content" | "exitCode"
>

type NoticeEvent = Extract<SessionEvent, { type: "notice" }>
type PlanEvent = Extract<SessionEvent, { type: "plan" }>

export type Said =
  | {
      readonly said: "text" | "thought"
      /** `null`: it belongs to the message that is open. */
      readonly messageId: string | null
      readonly text: string
      /** What was said of this message is void. */
      readonly reset?: boolean
      /** The adapter itself speaks, not the model: such a text may be an error in disguise. */
      readonly aside?: boolean
    }
  | {
      readonly said: "call"
      readonly toolCallId: string
      readonly fields: CallFields
      /** All that it has printed. */
      readonly output?: string
      /** What it printed since. */
      readonly more?: string
    }
  | { readonly said: "plan"; readonly entries: PlanEvent["entries"] }
  | {
      readonly said: "notice"
      readonly notice: Pick<NoticeEvent, "severity" | "category" | "title" | "hint" | "retry">
      /** The answer that is open will be given anew, as another message. */
      readonly restarts?: boolean
    }
  /** The agent summed up its memory of the conversation to make room. */
  | { readonly said: "compacted" }
  | { readonly said: "usage"; readonly usage: Reported }
  /** When a limit is lifted, told apart from the error that it leads to. */
  | { readonly said: "limit"; readonly kind: "rate" | "usage"; readonly until: string | null }
  /** The turn came to nothing, whatever its stop reason says. */
  | { readonly said: "trouble"; readonly trouble: Trouble }

/** What an agent tells of its counters. Tokens are those of this turn, the cost is a running total. */
export interface Reported {
  readonly inputTokens?: number
  readonly outputTokens?: number
  readonly cachedReadTokens?: number
  readonly cachedWriteTokens?: number
  readonly contextUsed?: number
  readonly contextSize?: number
  readonly totalCostUsd?: number
  readonly model?: string
}

/** What comes over the wire in a turn. All of it is untrusted. */
export type Wire =
  | { readonly wire: "update"; readonly update: unknown }
  | { readonly wire: "response"; readonly response: unknown }

/** One agent's habits: a pure function of the message and of the time, which agents tell in words. */
export interface Dialect {
  readonly saidIn: (wire: Wire, now: number) => readonly Said[]
  /** Whether a message may hold its beginning twice, since a retry repeats it under the same id. */
  readonly repeats?: boolean
  /** The message by which it sums up its memory, where it does not tell that it did. */
  readonly sumsUpOn?: string
}
