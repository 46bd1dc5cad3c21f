/**
 * Approvals that survive. What an agent asks becomes an event, the answer waits in the inbox, and the two find each
 * other by request id: before a kill, or after it.
 *
 * No agent asks again for a call that a kill cut off while it waited. So the next daemon takes up the interrupted
 * turn, and when the agent asks for *exactly* the same call, the old request and its answer are used: a one-shot
 * grant. Anything else is asked anew.
 */
import { createHash } from "node:crypto"
import type {
  PermissionOption,
  RequestPermissionRequest,
  RequestPermissionResponse,
} from "@agentclientprotocol/sdk"
import type { Decision, PermissionMode, ToolKind, Unstamped } from "#streams/event"
import { newRequestId, type RequestId, type TurnId } from "#streams/ids"
import type { Session } from "#streams/session"
import { fitDiff, fitInput } from "./acp/fit.ts"

export interface ApprovalDeps {
  readonly session: () => Session
  readonly publish: (event: Unstamped) => void
  readonly permissionMode: PermissionMode
}

export interface Approvals {
  /** Answers what an agent asks: by the mode, by an earlier "always", by an answer that waits, or by a person. */
  ask(turnId: TurnId, request: RequestPermissionRequest): Promise<RequestPermissionResponse>
  /** A person's answer from the inbox. The first one stands. */
  answer(requestId: RequestId, decision: Decision): void
  /** Requests of an earlier daemon that have an answer which no agent has heard. */
  answeredOrphans(): boolean
  /** The turn ends: what it still asks is cancelled. */
  cancelOpen(): void
  /** The turn is over or a new one begins: requests that nobody waits for any more are settled. */
  settleOrphans(reason: string): void
}

export function approvals({ session, publish, permissionMode }: ApprovalDeps): Approvals {
  const answers = new Map<RequestId, Decision>()
  const waiting = new Map<RequestId, (decision: Decision | "cancelled") => void>()

  const resolved = (
    requestId: RequestId,
    decision: Decision | "cancelled",
    delivered: boolean,
    reason?: string,
  ) =>
    publish({
      type: "permission_resolved",
      requestId,
      decision,
      delivered,
      by: decision === "cancelled" ? "daemon" : "user",
      ...(reason !== undefined && { reason }),
    })

  const orphans = () => session().approvals.filter(({ requestId }) => !waiting.has(requestId))

  return {
    async ask(turnId, request) {
      const { toolCall, options } = request
      const kind: ToolKind = toolCall.kind ?? "other"
      const inputHash = hashOf(kind, toolCall)
      const decisions = decisionsOf(options)
      const ruled = ruleFor(permissionMode, kind, session())
      if (ruled !== null) return responseOf(ruled, options)

      const orphan = orphans().find((open) => open.inputHash === inputHash)
      const requestId = orphan?.requestId ?? newRequestId()
      publish({
        type: "permission_request",
        turnId,
        requestId,
        toolCallId: toolCall.toolCallId,
        title: toolCall.title ?? orphan?.title ?? "Tool call",
        kind,
        input: fitInput(toolCall.rawInput),
        inputHash,
        content: (toolCall.content ?? []).flatMap((part) =>
          part.type === "diff"
            ? [fitDiff({ path: part.path, oldText: part.oldText ?? null, newText: part.newText })]
            : [],
        ),
        decisions,
      })
      const decision =
        answers.get(requestId) ??
        (await new Promise<Decision | "cancelled">((resolve) => waiting.set(requestId, resolve)))
      waiting.delete(requestId)
      resolved(requestId, decision, true)
      return responseOf(decision, options)
    },

    answer(requestId, decision) {
      if (answers.has(requestId)) return
      answers.set(requestId, decision)
      waiting.get(requestId)?.(decision)
    },

    answeredOrphans: () => orphans().some(({ requestId }) => answers.has(requestId)),

    cancelOpen() {
      for (const cancel of [...waiting.values()]) cancel("cancelled")
    },

    settleOrphans(reason) {
      for (const { requestId } of orphans())
        resolved(requestId, answers.get(requestId) ?? "cancelled", false, reason)
    },
  }
}

/** What the mode, or an earlier "always" for this kind of call in this session, says; `null`: ask a person. */
function ruleFor(mode: PermissionMode, kind: ToolKind, session: Session): Decision | null {
  const changes = kind !== "read" && kind !== "search" && kind !== "think"
  if (mode === "bypass") return "allow"
  if (mode === "read_only") return changes ? "deny" : "allow"
  if (mode === "accept_edits" && kind === "edit") return "allow"
  const always = session.items.some(
    (item) => item.type === "permission" && item.decision === "allow_always" && item.request.kind === kind,
  )
  return always ? "allow" : null
}

const OPTION: Record<Decision, PermissionOption["kind"]> = {
  allow: "allow_once",
  allow_always: "allow_always",
  deny: "reject_once",
}

const decisionsOf = (options: readonly PermissionOption[]): Decision[] =>
  (["allow", "allow_always", "deny"] as const).filter(
    (decision) => decision === "deny" || options.some(({ kind }) => kind === OPTION[decision]),
  )

/** An agent that offers no refusal is told "cancelled", which every agent understands. */
function responseOf(
  decision: Decision | "cancelled",
  options: readonly PermissionOption[],
): RequestPermissionResponse {
  const option = options.find(({ kind }) => decision !== "cancelled" && kind === OPTION[decision])
  const once = decision === "allow_always" ? options.find(({ kind }) => kind === "allow_once") : undefined
  const optionId = (option ?? once)?.optionId
  return { outcome: optionId === undefined ? { outcome: "cancelled" } : { outcome: "selected", optionId } }
}

/** Names one exact call: the same kind with the same arguments, or the same title and diff where there are none. */
function hashOf(kind: ToolKind, { rawInput, title, content }: RequestPermissionRequest["toolCall"]): string {
  const what = rawInput === undefined || rawInput === null ? { title, content } : rawInput
  return createHash("sha256")
    .update(`${kind}\n${canonical(what)}`)
    .digest("hex")
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null"
  const entries = Object.entries(value).filter(([, field]) => field !== undefined)
  return `{${entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`)
    .join(",")}}`
}
