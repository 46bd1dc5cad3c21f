/** The ACP side that all agents inside the daemon share: one session, one prompt at a time, cancel. */

import { type AgentApp, agent, methods, PROTOCOL_VERSION, RequestError } from "@agentclientprotocol/sdk"
import type { Failure } from "#streams/event"
import { AgentFailed } from "../agent-failed.ts"
import { META, type TurnUsage } from "./adapter.ts"
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
  let running: AbortController | undefined
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
        }
      })
      .onRequest(methods.agent.session.new, () => ({ sessionId: local.sessionId }))
      // The conversation is in the transcript, so there is nothing to load.
      .onRequest(methods.agent.session.resume, () => ({}))
      .onNotification(methods.agent.session.cancel, () =>
        running?.abort(new Error("The turn was cancelled.")),
      )
      .onRequest(methods.agent.session.prompt, async ({ params, client, signal }) => {
        if (running) throw RequestError.invalidRequest(undefined, "a prompt is running already")
        running = new AbortController()
        const cancelled = AbortSignal.any([running.signal, signal])
        try {
          const turn = new Turn({
            sessionId: params.sessionId,
            client,
            text: params.prompt.map((block) => (block.type === "text" ? block.text : "")).join("\n"),
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

const unexpected = (error: unknown): Failure => ({
  code: "agent_failed",
  message: `The agent broke: ${error instanceof Error ? error.message : error}`,
  hint: "Send the message again. If it happens again, please report it.",
})
