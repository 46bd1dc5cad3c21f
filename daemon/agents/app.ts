/** The ACP side that all agents inside the daemon share: one session, one prompt at a time, cancel. */
import {
  type AgentApp,
  type AgentContext,
  type AvailableCommand,
  agent,
  methods,
  PROTOCOL_VERSION,
  RequestError,
  type SessionConfigOption,
} from "@agentclientprotocol/sdk"
import { z } from "zod"
import { errorText } from "#streams/error-text"
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
  /** What can be chosen of it, as it is set now. */
  readonly options?: () => Promise<SessionConfigOption[]>
  /** Sets one of {@link options} to one of its choices. */
  readonly choose?: (optionId: string, value: string) => void
  /** What a message may begin with, as `/name`. */
  readonly commands?: readonly AvailableCommand[]
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
      .onRequest(methods.agent.session.new, async ({ client }) => ({
        sessionId: local.sessionId,
        ...(await offer(local, client)),
      }))
      // The conversation is in the transcript, so there is nothing to load.
      .onRequest(methods.agent.session.resume, ({ client }) => offer(local, client))
      .onRequest(methods.agent.session.setConfigOption, async ({ params }) => {
        const { configId, value } = params
        const option = (await local.options?.())?.find(({ id }) => id === configId)
        if (typeof value !== "string" || !option || !choicesOf(option).includes(value))
          throw RequestError.invalidParams(undefined, `${configId} cannot be ${value}`)
        local.choose?.(configId, value)
        return { configOptions: (await local.options?.()) ?? [] }
      })
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
            text: textOf(params.prompt.filter((part) => !isNote(part))),
            note: params.prompt.some(isNote) ? textOf(params.prompt.filter(isNote)) : null,
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

async function offer({ options, commands = [], sessionId }: LocalAgent, client: AgentContext) {
  if (commands.length > 0)
    await client.notify(methods.client.session.update, {
      sessionId,
      update: { sessionUpdate: "available_commands_update", availableCommands: [...commands] },
    })
  return options ? { configOptions: await options() } : {}
}

const choicesOf = (option: SessionConfigOption): readonly string[] =>
  option.type === "select"
    ? option.options.flatMap((one) => ("group" in one ? one.options : [one])).map(({ value }) => value)
    : []

const SteeringRequest = z.object({
  prompt: z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
})

const textOf = (prompt: readonly { readonly type: string; readonly text?: unknown }[]): string =>
  prompt.map(({ type, text }) => (type === "text" && typeof text === "string" ? text : "")).join("\n")

const isNote = ({
  _meta,
}: {
  readonly _meta?: Readonly<Record<string, unknown>> | null | undefined
}): boolean => _meta?.[META.note] === true

const unexpected = (error: unknown): Failure => ({
  code: "agent_failed",
  message: `The agent broke: ${errorText(error)}`,
  hint: "Send the message again. If it happens again, please report it.",
})
