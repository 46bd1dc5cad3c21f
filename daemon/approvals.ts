/**
 * Approvals that survive. What an agent asks becomes an event, the answer waits in the inbox, and the two find each
 * other by request id: before a kill, or after it.
 *
 * No agent asks again for a call that a kill cut off while it waited. So the next daemon takes up the interrupted
 * turn, and when the agent asks for *exactly* the same call, the old request and its answer are used: a one-shot
 * grant. Anything else is asked anew. A call that was already running has no open request, and so never a grant.
 */
import type { RequestPermissionRequest, RequestPermissionResponse } from "@agentclientprotocol/sdk"
import type { Command } from "#streams/command"
import type { AnsweredBy, Decision, PermissionMode, Unstamped } from "#streams/event"
import { newRequestId, type RequestId, type RuleId, type TurnId } from "#streams/ids"
import type { PermissionRequest, Session } from "#streams/session"
import { fitContent, fitInput } from "./acp/fit.ts"
import { diffsIn } from "./acp/generic.ts"
import { agentConfigHash } from "./permissions/agent-config.ts"
import { type AskedCall, askedCall } from "./permissions/call.ts"
import type { FollowedRules } from "./permissions/followed-rules.ts"
import { decisionsOf, denyEndsTurn, ownOptions, responseOf, TAKES_NOTE } from "./permissions/options.ts"
import type { LeftQuestion } from "./permissions/recovery.ts"
import { type Ruling, rulingOn } from "./permissions/ruling.ts"

export interface ApprovalDeps {
  readonly session: () => Session
  readonly publish: (event: Unstamped) => void
  readonly agentType: string
  readonly workingDir: string
  readonly mode: () => PermissionMode
  readonly rules: FollowedRules
  /** By which names the agent asks for the tools of its own notes. */
  readonly noteTools?: ReadonlySet<string>
}

type Response = Pick<Extract<Command, { type: "permission_response" }>, "decision" | "note" | "optionId">

export interface Approvals {
  /** Answers what an agent asks: by rule or mode, by an answer that waits, or by a person. */
  ask(
    turnId: TurnId,
    request: RequestPermissionRequest,
    /** Says something to an agent that cannot hear the words that came with a refusal. */
    sayLater: (requestId: RequestId, text: string) => void,
  ): Promise<RequestPermissionResponse>
  /** A person's answer from the inbox. The first one stands. */
  answer(requestId: RequestId, response: Response): void
  /** Rules or the mode have changed: what waits may need no person any more. */
  reconsider(): void
  /** Requests of an earlier daemon that have an answer which no agent has heard. */
  answeredOrphans(): boolean
  /** What an earlier daemon left open, for the words to the agent. An answer that is void by now is settled. */
  takeUp(): Promise<readonly LeftQuestion[]>
  /** The turn ends: what it still asks is cancelled, and so is what it asks from now on. */
  cancelOpen(turnId: TurnId): void
  /** The turn is over or a new one begins: requests that nobody waits for any more are settled. */
  settleOrphans(reason: string): void
}

interface Answer {
  readonly decision: Decision | "cancelled"
  readonly by: AnsweredBy
  readonly note?: string | undefined
  readonly optionId?: string | undefined
  readonly reason?: string | undefined
  readonly ruleId?: RuleId | undefined
}

export function approvals(deps: ApprovalDeps): Approvals {
  const { session, publish, rules, workingDir, noteTools } = deps
  const answers = new Map<RequestId, Response>()
  const waiting = new Map<RequestId, { readonly call: AskedCall; settle(answer: Answer): void }>()
  let cancelled: TurnId | null = null

  const resolved = (requestId: RequestId, delivered: boolean, answer: Answer) => {
    const { decision, by, note, reason, ruleId } = answer
    publish({
      type: "permission_resolved",
      requestId,
      decision,
      delivered,
      by,
      ...(reason !== undefined && { reason }),
      ...(note !== undefined && { note }),
      ...(ruleId !== undefined && { ruleId }),
    })
  }
  const orphans = () => session().approvals.filter(({ requestId }) => !waiting.has(requestId))
  const answerTo = (requestId: RequestId): Answer | null => {
    const answer = answers.get(requestId)
    return answer ? { ...answer, by: "user" } : null
  }
  const ruling = ({ kind, touches }: AskedCall, isNote = false): Ruling | null =>
    rulingOn(
      { kind, touches },
      {
        isNote,
        mode: deps.mode(),
        rules: rules.all(),
        place: { sessionId: session().sessionId, workingDir, agentType: deps.agentType },
      },
    )

  return {
    async ask(turnId, { toolCall, options, _meta }, sayLater) {
      await rules.caughtUp
      const call = await askedCall(toolCall, workingDir)
      if (cancelled === turnId) return responseOf("cancelled", options)
      const { kind, inputHash, touches } = call
      const orphan = orphans().find((open) => open.inputHash === inputHash)
      const title = toolCall.title ?? orphan?.title ?? "Tool call"
      const isNote = noteTools?.has(toolCall.name ?? "") === true
      const ruled = orphan ? null : ruling(call, isNote)
      if (ruled) {
        publish({ type: "permission_ruled", turnId, toolCallId: toolCall.toolCallId, title, kind, ...ruled })
        return responseOf(ruled.decision, options)
      }

      const requestId = orphan?.requestId ?? newRequestId()
      const own = ownOptions(options)
      publish({
        type: "permission_request",
        turnId,
        requestId,
        toolCallId: toolCall.toolCallId,
        title,
        kind,
        input: fitInput(toolCall.rawInput),
        inputHash,
        content: fitContent(diffsIn(toolCall.content)),
        decisions: decisionsOf(options),
        touches,
        ...(denyEndsTurn(options) && { denyEndsTurn: true }),
        ...(own && { options: own }),
      })
      const known = answerTo(requestId)
      const answer: Answer =
        known ??
        ruling(call) ??
        (await new Promise<Answer>((settle) => waiting.set(requestId, { call, settle })))
      waiting.delete(requestId)
      resolved(requestId, true, answer)
      const { decision, note } = answer
      // One that was given before the restart was told in words already.
      if (note !== undefined && decision === "deny" && known === null && _meta?.[TAKES_NOTE] !== true)
        sayLater(requestId, `About “${title}”, which I refused: ${note}`)
      return responseOf(decision, options, answer)
    },

    answer(requestId, { decision, note, optionId }) {
      if (answers.has(requestId)) return
      const response = { decision, note, optionId }
      answers.set(requestId, response)
      waiting.get(requestId)?.settle({ ...response, by: "user" })
    },

    reconsider() {
      for (const { call, settle } of [...waiting.values()]) {
        const ruled = ruling(call)
        if (ruled) settle(ruled)
      }
    },

    answeredOrphans: () => orphans().some(({ requestId }) => answers.has(requestId)),

    async takeUp() {
      const configHash = await agentConfigHash(workingDir)
      return orphans().map((request) => {
        const { toolCallId, title } = request
        const answer = answers.get(request.requestId)
        if (isOutdated(request, configHash) && answer?.decision !== "deny") {
          resolved(request.requestId, false, {
            decision: "cancelled",
            by: "daemon",
            reason: "The agents' configuration in the project has changed since: it is asked anew.",
          })
          return { toolCallId, title, state: "changed" }
        }
        const state = answer === undefined ? "open" : answer.decision === "deny" ? "denied" : "allowed"
        return { toolCallId, title, state, note: answer?.note }
      })
    },

    cancelOpen(turnId) {
      cancelled = turnId
      for (const { settle } of [...waiting.values()]) settle({ decision: "cancelled", by: "daemon" })
    },

    settleOrphans(reason) {
      for (const { requestId } of orphans())
        resolved(requestId, false, {
          ...(answerTo(requestId) ?? { decision: "cancelled", by: "daemon" }),
          reason,
        })
    },
  }
}

const isOutdated = ({ touches }: PermissionRequest, configHash: string): boolean =>
  touches?.configHash !== configHash
