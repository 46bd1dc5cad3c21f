/** Answers a question of an agent. */
import type { SessionId } from "#streams/ids"
import type { PermissionRequest } from "#streams/session"
import { type Answer, openApi } from "./api.ts"
import { refusalOf } from "./refusal.ts"

/** `null`, or why the answer was not taken. */
export async function decide(
  sessionId: SessionId,
  { requestId }: PermissionRequest,
  answer: Answer,
): Promise<string | null> {
  try {
    await openApi(location.origin).approve({ sessionId, requestId, ...answer })
    return null
  } catch (error) {
    const refusal = refusalOf(error)
    // Another tab or the command line was first: the session is about to show its answer.
    if (refusal.reason === "request_settled") return null
    return refusal.kind === "away" ? `${refusal.message} Your answer was not taken.` : refusal.message
  }
}
