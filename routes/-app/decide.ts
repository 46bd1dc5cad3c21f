/** Answers a question of an agent. */
import { useEffect, useState } from "react"
import type { Decision } from "#streams/event"
import type { SessionId } from "#streams/ids"
import type { PermissionRequest } from "#streams/session"
import { openApi } from "./api.ts"
import { newerApi } from "./newer-api.ts"
import { refusalOf } from "./refusal.ts"

/** `null`, or why the answer was not taken. */
export async function decide(
  sessionId: SessionId,
  { requestId }: PermissionRequest,
  decision: Decision,
  scope: "session" | "directory",
): Promise<string | null> {
  try {
    const wider = scope === "directory" ? { scope } : {}
    await openApi(location.origin).approve({ sessionId, requestId, decision, ...wider })
    return null
  } catch (error) {
    const refusal = refusalOf(error)
    // Another tab or the command line was first: the session is about to show its answer.
    if (refusal.reason === "request_settled") return null
    return refusal.kind === "away" ? `${refusal.message} Your answer was not taken.` : refusal.message
  }
}

let known: Promise<boolean> | null = null

/** Whether this server keeps rules for a directory. Asked once per page. */
export function useDirectoryRules(): boolean {
  const [can, setCan] = useState(false)
  useEffect(() => {
    known ??= newerApi.rules().then(
      (rules) => rules !== null,
      () => {
        known = null
        return false
      },
    )
    void known.then(setCan)
  }, [])
  return can
}
