/** One prompt of an agent that lives in the daemon: what it may say and ask while it works. */
import type {
  AgentContext,
  PermissionOption,
  PlanEntry,
  RequestPermissionRequest,
  SessionUpdate,
} from "@agentclientprotocol/sdk"
import { methods } from "@agentclientprotocol/sdk"
import type { ToolContent, ToolKind } from "#streams/event"
import { NOTE, TAKES_NOTE } from "../permissions/options.ts"
import { META, type TurnUsage } from "./adapter.ts"

type ToolCallFields = Omit<Extract<SessionUpdate, { sessionUpdate: "tool_call" }>, "sessionUpdate">
type ToolUpdateFields = Omit<Extract<SessionUpdate, { sessionUpdate: "tool_call_update" }>, "sessionUpdate">

export interface Ask {
  readonly toolCallId: string
  readonly title: string
  readonly kind: ToolKind
  /** Canonical: an answer is good for exactly this. */
  readonly input: unknown
  readonly content: readonly ToolContent[]
  readonly locations: readonly { readonly path: string }[]
}

export interface Notice {
  readonly severity: "info" | "warning" | "error"
  readonly category: string
  readonly title: string
  readonly retry?: { readonly attempt: number; readonly max: number }
}

const OPTIONS: PermissionOption[] = [
  { optionId: "allow_once", name: "Allow", kind: "allow_once" },
  { optionId: "allow_always", name: "Always allow", kind: "allow_always" },
  { optionId: "reject_once", name: "Deny", kind: "reject_once" },
]

export interface TurnOptions {
  readonly sessionId: string
  readonly client: AgentContext
  readonly text: string
  readonly note: string | null
  readonly resume: boolean
  readonly notices: boolean
  readonly signal: AbortSignal
  readonly steered: () => Promise<readonly string[]>
}

/** What the person said: no, and perhaps why. */
export type Answer = { readonly allowed: true } | { readonly allowed: false; readonly note: string | null }

/** Every method resolves when the update is on its way and rejects once the turn is cancelled. */
export class Turn {
  /** What the user wrote; on `resume` the prompt of the interrupted turn is in the transcript. */
  readonly text: string
  /** Its own last note, where it is given that again. */
  readonly note: string | null
  readonly resume: boolean
  readonly signal: AbortSignal
  readonly #options: TurnOptions

  constructor(options: TurnOptions) {
    this.text = options.text
    this.note = options.note
    this.resume = options.resume
    this.signal = options.signal
    this.#options = options
  }

  /** What was said into this turn since the last call. Whoever asks must act on it. */
  steered(): Promise<readonly string[]> {
    return this.#options.steered()
  }

  say(messageId: string, text: string): Promise<void> {
    return this.#update({ sessionUpdate: "agent_message_chunk", messageId, content: { type: "text", text } })
  }

  /** What was streamed of this message is void. */
  reset(messageId: string): Promise<void> {
    const content = { type: "text" as const, text: "" }
    return this.#update({
      sessionUpdate: "agent_message_chunk",
      messageId,
      content,
      _meta: { [META.reset]: true },
    })
  }

  think(messageId: string, text: string): Promise<void> {
    return this.#update({ sessionUpdate: "agent_thought_chunk", messageId, content: { type: "text", text } })
  }

  plan(entries: PlanEntry[]): Promise<void> {
    return this.#update({ sessionUpdate: "plan", entries })
  }

  /** Nothing where the client did not say that it shows notices. */
  async notice({ severity, category, title, retry }: Notice): Promise<void> {
    if (!this.#options.notices) return
    const details = { category, ...(retry && { retry }) }
    await this.#update({ sessionUpdate: "notice", severity, title, _meta: { [META.notice]: details } })
  }

  toolCall(fields: ToolCallFields): Promise<void> {
    return this.#update({ sessionUpdate: "tool_call", ...fields })
  }

  toolUpdate(fields: ToolUpdateFields): Promise<void> {
    return this.#update({ sessionUpdate: "tool_call_update", ...fields })
  }

  /** Tokens of the turn up to now, so that a budget ends it in time. */
  usage(usage: TurnUsage): Promise<void> {
    return this.#update({ sessionUpdate: "usage_update", used: 0, size: 0, _meta: { [META.usage]: usage } })
  }

  /** The last word on a call. The only update that may follow a cancel: what was done is told. */
  toolEnded(toolCallId: string, status: "completed" | "failed", output: string): Promise<void> {
    return this.#send({ sessionUpdate: "tool_call_update", toolCallId, status, rawOutput: output })
  }

  /** Waits for a person, for hours if need be. */
  async ask({ toolCallId, title, kind, input, content, locations }: Ask): Promise<Answer> {
    this.signal.throwIfAborted()
    const { client, sessionId } = this.#options
    const params: RequestPermissionRequest = {
      sessionId,
      toolCall: {
        toolCallId,
        title,
        kind,
        status: "pending",
        rawInput: input,
        content: contentOf(content),
        locations: [...locations],
      },
      options: OPTIONS,
      _meta: { [TAKES_NOTE]: true },
    }
    const { outcome, _meta } = await client.request(methods.client.session.requestPermission, params, {
      cancellationSignal: this.signal,
      stopWaitingOnCancel: true,
    })
    this.signal.throwIfAborted()
    if (outcome.outcome === "selected" && outcome.optionId.startsWith("allow")) return { allowed: true }
    const note = _meta?.[NOTE]
    return { allowed: false, note: typeof note === "string" ? note : null }
  }

  #update(update: SessionUpdate): Promise<void> {
    if (this.signal.aborted) return Promise.reject(this.signal.reason)
    return this.#send(update)
  }

  #send(update: SessionUpdate): Promise<void> {
    const { client, sessionId } = this.#options
    return client.notify(methods.client.session.update, { sessionId, update })
  }
}

/** Tool content in the protocol's words. */
export const contentOf = (content: readonly ToolContent[]) =>
  content.map((one) =>
    one.type === "text" ? { type: "content" as const, content: one } : { ...one, type: "diff" as const },
  )
