/** How questions of an agent, and their answers, are folded. */
import type { SessionEvent } from "./event.ts"
import type { TurnId } from "./ids.ts"
import type { PermissionRequest, Status } from "./session.ts"
import { type Draft, openTool, upsert } from "./session-draft.ts"

export type PermissionEvent = Extract<
  SessionEvent,
  { readonly type: "permission_request" | "permission_resolved" | "permission_ruled" }
>

export function applyPermissionEvent(draft: Draft, event: PermissionEvent): void {
  switch (event.type) {
    case "permission_request": {
      const { requestId, turnId, toolCallId, title, kind, input, inputHash, content, decisions } = event
      const { touches, denyEndsTurn, options } = event
      const request = {
        ...{ requestId, turnId, toolCallId, title, kind, input, inputHash, content, decisions },
        ...{ touches, denyEndsTurn, options },
      }
      draft.approvals = [...draft.approvals.filter((open) => open.requestId !== requestId), request]
      openPermission(draft, request, event).request = request
      draft.status = statusInTurn(draft)
      return
    }

    case "permission_resolved": {
      const request = draft.approvals.find(({ requestId }) => requestId === event.requestId)
      draft.approvals = draft.approvals.filter(({ requestId }) => requestId !== event.requestId)
      if (request) {
        const item = openPermission(draft, request, event)
        item.decision = event.decision
        item.by = event.by
        if (event.note !== undefined) item.note = event.note
      }
      draft.status = statusInTurn(draft)
      return
    }

    case "permission_ruled": {
      const { decision, by, reason, ruleId = null } = event
      const { toolCallId, turnId, title, kind } = event
      const tool = openTool(draft, { toolCallId, turnId, title, kind }, event)
      tool.ruling = { decision, by, reason, ruleId }
      return
    }
  }
}

/** What a turn leaves unanswered is void once it is over. */
export function cancelOpen(draft: Draft, turnId: TurnId, event: SessionEvent): void {
  for (const request of draft.approvals.filter((open) => open.turnId === turnId))
    openPermission(draft, request, event).decision = "cancelled"
  draft.approvals = draft.approvals.filter((open) => open.turnId !== turnId)
}

const openPermission = (draft: Draft, request: PermissionRequest, event: SessionEvent) =>
  upsert(draft, "permission", request.requestId, event, () => ({ request, decision: null, by: null }))

const statusInTurn = (draft: Draft): Status =>
  draft.turnId === null
    ? draft.status
    : draft.approvals.some(({ turnId }) => turnId === draft.turnId)
      ? "waiting"
      : "running"
