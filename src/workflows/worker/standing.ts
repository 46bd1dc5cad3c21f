/** How an attempt stands that is a session, read from that session. Pure. */
import type { BlobRef, Failure } from "#streams/event"
import type { MessageId } from "#streams/ids"
import { type Item, type ItemOf, needsDaemon, type Session } from "#streams/session"
import type { FailureClass, StepFailure, WaitingFor } from "#streams/workflow/event"
import { COMMAND_FAILURES } from "#streams/workflow/program"

export type Standing =
  | { readonly type: "working" }
  | { readonly type: "waiting"; readonly for: WaitingFor }
  /** Its daemon is gone in the middle of it. */
  | { readonly type: "lost" }
  | { readonly type: "failed"; readonly error: StepFailure }
  /** `text` is what was said last, or all that was printed as far as an event has room; `whole` has the rest. */
  | {
      readonly type: "ended"
      readonly text: string
      readonly whole: BlobRef | null
      readonly exitCode: number | null
    }

/** `messageId`: of the message that began the attempt. */
export function standingOf(session: Session, messageId: MessageId): Standing {
  const { status, sessionId, limit, queue, taken } = session
  if (status === "waiting") return { type: "waiting", for: { type: "session", sessionId } }
  if (needsDaemon(status)) return { type: "working" }
  if (status === "interrupted") return { type: "lost" }
  if (limit?.resumes) return { type: "waiting", for: { type: "limit", sessionId, until: limit.until } }
  const begun = taken.includes(messageId) && !queue.some((one) => one.messageId === messageId)
  if (!begun && status !== "failed") return { type: "working" }
  const items = session.items.slice(session.items.findIndex(({ key }) => key === messageId) + 1)
  const end = last(items, "turn_end")
  // What befell its daemon after the turn had come to its end takes nothing away from that.
  const hasEnded = begun && end !== undefined && end.error === null && end.stopReason !== "error"
  if (status === "failed" && !hasEnded)
    return failed(session.error ?? { code: "session_failed", message: "The session failed." })
  if (status === "cancelled")
    return failed({ code: "session_cancelled", message: "The turn of its session was cancelled." })
  if (end?.error) return failed(end.error)
  if (end?.stopReason === "refusal")
    return failed({ code: "agent_refused", message: "The agent refused to answer." })
  const call = last(items, "tool")
  const said = last(items, "message")
  if (session.agentType === "command")
    return {
      type: "ended",
      text: call?.output ?? "",
      whole: call?.outputBlob ?? null,
      exitCode: call?.exitCode ?? null,
    }
  return { type: "ended", text: said?.text ?? "", whole: null, exitCode: null }
}

const last = <Type extends Item["type"]>(items: readonly Item[], type: Type): ItemOf<Type> | undefined =>
  items.findLast((item): item is ItemOf<Type> => item.type === type)

/** Failures that another attempt cannot mend, and the one that took too long. All others may pass. */
const CLASSES: Readonly<Record<string, FailureClass>> = {
  provider_auth: "unauthorized",
  agent_not_ready: "configuration",
  unknown_agent: "configuration",
  mcp_not_taken: "configuration",
  working_dir_missing: "configuration",
  working_dir_not_a_directory: "configuration",
  working_dir_not_absolute: "configuration",
  working_dir_not_accessible: "forbidden",
  no_repository: "configuration",
  no_commit_yet: "configuration",
  unknown_base: "validation",
  branch_refused: "validation",
  branch_in_use: "configuration",
  empty_prompt: "validation",
  prompt_too_large: "validation",
  agent_missing: "missing_cli",
  session_cancelled: "cancelled",
  agent_refused: "rejected",
  [COMMAND_FAILURES.notStarted]: "missing_cli",
  [COMMAND_FAILURES.unreadable]: "validation",
  [COMMAND_FAILURES.timedOut]: "timeout",
}

export const classOf = (code: string): FailureClass => CLASSES[code] ?? "transient"

const failed = (failure: Failure): Standing => ({
  type: "failed",
  error: { ...failure, class: classOf(failure.code) },
})
