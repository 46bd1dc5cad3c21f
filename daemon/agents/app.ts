/** The ACP side that all agents inside the daemon share: one session, one prompt at a time, cancel. */

import { type AgentApp, agent, methods, PROTOCOL_VERSION, RequestError } from "@agentclientprotocol/sdk"
import { z } from "zod"
import type { Failure } from "#streams/event"
import { CAN_STEER, STEERING } from "../acp/steering.ts"
import { AgentFailed } from "../agent-failed.ts"
import { META, type TurnUsage } from "./adapter.ts"
import { type SteeredMessages, steeredMessages } from "./steered.ts"
import { Turn } from "./turn.ts"

export interface PromptEnd {
  readonly stopReason: "end_turn" | "max_tokens" | "refusal"
  readonly usage?: TurnUsage
}

export interface LocalAgent {
  readonly name: string
  readonly title: string
  readonly sessionId: string
  /** Runs one prompt to its end. May throw {@link AgentFailed}; rejects with the signal's reason when cancelled. */
  prompt(turn: Turn): Promise<PromptEnd>
}

const INTERNAL_ERROR = -32603

export function appOf(local: LocalAgent): AgentApp {
  let running: { readonly cancel: AbortController; readonly said: SteeredMessages } | undefined
  let notices = false

  return (
    agent({ name: local.name })
      .onRequest(methods.agent.initialize, ({ params }) => {
        notices = params.clientCapabilities?.session?.notices != null
        return {
          protocolVersion: PROTOCOL_VERSION,
          agentInfo: { name: local.name, title: local.title, version: "1" },
          agentCapabilities: { loadSession: false, sessionCapabilities: { resume: {} } },
          authMethods: [],
          _meta: CAN_STEER,
        }
      })
      .onRequest(methods.agent.session.new, () => ({ sessionId: local.sessionId }))
      // The conversation is in the transcript, so there is nothing to load.
      .onRequest(methods.agent.session.resume, () => ({}))
      .onNotification(methods.agent.session.cancel, () =>
        running?.cancel.abort(new Error("The turn was cancelled.")),
      )
      .onRequest(STEERING, SteeringRequest, async ({ params, signal }) => ({
        outcome: (await running?.said.offer(textOf(params.prompt), signal)) ? "injected" : "promptRequired",
      }))
      .onRequest(methods.agent.session.prompt, async ({ params, client, signal }) => {
        if (running) throw RequestError.invalidRequest(undefined, "a prompt is running already")
        const cancel = new AbortController()
        using said = steeredMessages()
        running = { cancel, said }
        const cancelled = AbortSignal.any([cancel.signal, signal])
        try {
          const turn = new Turn({
            sessionId: params.sessionId,
            client,
            text: textOf(params.prompt),
            steered: said.take,
            resume: params._meta?.[META.resume] === true,
            notices,
            signal: cancelled,
          })
          const { stopReason, usage } = await local.prompt(turn)
          return { stopReason, ...(usage && { _meta: { [META.usage]: usage } }) }
        } catch (error) {
          if (cancelled.aborted) return { stopReason: "cancelled" as const }
          const failure = error instanceof AgentFailed ? error.failure : unexpected(error)
          throw new RequestError(INTERNAL_ERROR, failure.message, failure)
        } finally {
          running = undefined
        }
      })
  )
}

const SteeringRequest = z.object({
  prompt: z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
})

const textOf = (prompt: readonly { readonly type: string; readonly text?: unknown }[]): string =>
  prompt.map(({ type, text }) => (type === "text" && typeof text === "string" ? text : "")).join("\n")

const unexpected = (error: unknown): Failure => ({
  code: "agent_failed",
  message: `The agent broke: ${error instanceof Error ? error.message : error}`,
  hint: "Send the message again. If it happens again, please report it.",
})
