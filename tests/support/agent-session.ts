/**
 * The least a daemon does around an agent, without processes and streams: it turns what the agent tells into
 * events, folds them, and answers its questions. `interrupt` is what a kill of the daemon leaves behind.
 */
import {
  client,
  methods,
  type PromptResponse,
  RequestError,
  type RequestPermissionRequest,
  type SessionUpdate,
} from "@agentclientprotocol/sdk"
import { META, type OpenAdapter } from "#daemon/agents/adapter"
import { Failure, type SessionEvent, StopReason, type ToolContent, type Unstamped } from "#streams/event"
import { newEventId, newMessageId, newRequestId, newSessionId, newTurnId, type TurnId } from "#streams/ids"
import { emptySession, type Item, type ItemOf, type Session } from "#streams/session"
import { reduceSession } from "#streams/session-fold"
import { type TestEnclosure, testEnclosure } from "./enclosure.ts"

type Answer = "allow" | "allow_always" | "deny"
/** `null` waits until `answer` is called. */
type Decide = (request: RequestPermissionRequest) => Answer | null

export interface SessionOptions {
  readonly adapter: OpenAdapter
  readonly workingDir: string
  readonly env?: Readonly<Record<string, string>>
  readonly toolEnv?: Readonly<Record<string, string>>
  readonly model?: string
  readonly decide?: Decide
  readonly ready?: () => Promise<void>
}

export class AgentSession implements AsyncDisposable {
  readonly updates: SessionUpdate[] = []
  readonly asks: RequestPermissionRequest[] = []
  decide: Decide
  #session: Session
  #events: SessionEvent[] = []
  #options: SessionOptions
  #turnId: TurnId | null = null
  #gone = false
  #confined: TestEnclosure | undefined
  #open: Awaited<ReturnType<OpenAdapter>> | undefined
  #waiting = new Set<() => void>()
  #answers = new Map<string, (answer: Answer) => void>()

  private constructor(options: SessionOptions, session: Session) {
    this.#options = options
    this.#session = session
    this.decide = options.decide ?? (() => "allow")
  }

  static async open(options: SessionOptions, session = emptySession(newSessionId())): Promise<AgentSession> {
    const self = new AgentSession(options, session)
    await self.#start()
    return self
  }

  async #start(): Promise<void> {
    const { adapter, workingDir, env = {}, toolEnv = { PATH: process.env.PATH ?? "" }, model } = this.#options
    this.#session = { ...this.#session, epoch: this.#session.epoch + 1 }
    this.#emit({
      type: "session_started",
      agentType: "test",
      workingDir,
      permissionMode: "ask",
      pid: process.pid,
      startTime: "0",
      bootId: "boot",
      host: "host",
      incarnation: "one",
      version: "0",
    })
    const app = client({ name: "test" })
      .onNotification(methods.client.session.update, ({ params }) => this.#take(params.update))
      .onRequest(methods.client.session.requestPermission, ({ params }) => this.#ask(params))
    this.#confined = await testEnclosure({ sessionId: this.#session.sessionId })
    this.#open = await adapter(app, {
      sessionId: this.#session.sessionId,
      workingDir,
      model,
      env,
      toolEnv,
      enclosure: this.#confined.enclosure,
      home: this.#confined.home,
      transcript: () => this.#session.items,
      ...(this.#options.ready && { ready: this.#options.ready }),
    })
    const { agent } = this.#open.connection
    await agent.request(methods.agent.initialize, {
      protocolVersion: 1,
      clientCapabilities: { session: { notices: {} } },
    })
    await agent.request(methods.agent.session.new, { cwd: workingDir, mcpServers: [] })
  }

  /** One turn to its end. Rejects with the agent's error, after the turn was closed with it. */
  async prompt(text: string, { resume = false } = {}): Promise<PromptResponse> {
    if (!this.#open) throw new Error("not open")
    const turnId = newTurnId()
    const messageId = newMessageId()
    this.#turnId = turnId
    if (!resume) this.#emit({ type: "user_message", messageId, text })
    this.#emit({
      type: "turn_started",
      turnId,
      cause: resume ? "recovery" : "user",
      ...(!resume && { messageId }),
    })
    try {
      const response = await this.#open.connection.agent.request(methods.agent.session.prompt, {
        sessionId: this.#session.sessionId,
        prompt: [{ type: "text", text }],
        ...(resume && { _meta: { [META.resume]: true } }),
      })
      this.#emit({ type: "turn_ended", turnId, stopReason: StopReason.parse(response.stopReason) })
      return response
    } catch (error) {
      const failure = Failure.safeParse(error instanceof RequestError ? error.data : undefined)
      const fallback = { code: "internal", message: String(error) }
      this.#emit({ type: "turn_ended", turnId, stopReason: "error", error: failure.data ?? fallback })
      throw error
    } finally {
      this.#turnId = null
    }
  }

  resume(): Promise<PromptResponse> {
    return this.prompt("Go on.", { resume: true })
  }

  async cancel(): Promise<void> {
    await this.#open?.connection.agent.notify(methods.agent.session.cancel, {
      sessionId: this.#session.sessionId,
    })
  }

  /** Answers a question that `decide` left open. */
  answer(toolCallId: string, answer: Answer): void {
    this.#answers.get(toolCallId)?.(answer)
  }

  get items(): readonly Item[] {
    return this.#session.items
  }
  get session(): Session {
    return this.#session
  }
  get events(): readonly SessionEvent[] {
    return this.#events
  }
  itemsOf<Type extends Item["type"]>(type: Type): readonly ItemOf<Type>[] {
    return this.items.filter((item): item is ItemOf<Type> => item.type === type)
  }
  /** All that was said, joined. */
  get text(): string {
    return this.itemsOf("message")
      .map(({ text }) => text)
      .join("\n")
  }

  /** Resolves as soon as the condition holds; it is looked at after each update. Rejects when the turn is over. */
  async saw(condition: (session: AgentSession) => unknown): Promise<void> {
    while (!condition(this)) {
      if (!this.#session.turnId)
        throw new Error(`not seen: ${this.#session.error?.message ?? "the turn ended"}`)
      await new Promise<void>((next) => this.#waiting.add(next))
    }
  }

  /** As if the daemon had been killed: nothing of the old agent is heard any more, a new one has the transcript. */
  async interrupt(options: Partial<SessionOptions> = {}): Promise<AgentSession> {
    this.#gone = true
    const next = await AgentSession.open({ ...this.#options, ...options }, this.#session)
    await this[Symbol.asyncDispose]()
    return next
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#gone = true
    await this.#open?.[Symbol.asyncDispose]()
    await this.#confined?.[Symbol.asyncDispose]()
  }

  async #ask(request: RequestPermissionRequest) {
    const { toolCall } = request
    const turnId = this.#turnId
    if (!turnId) throw new Error("asked outside a turn")
    const requestId = newRequestId()
    this.asks.push(request)
    this.#emit({
      type: "permission_request",
      turnId,
      requestId,
      toolCallId: toolCall.toolCallId,
      title: toolCall.title ?? "",
      kind: "other",
      input: toolCall.rawInput,
      inputHash: JSON.stringify(toolCall.rawInput),
      content: [],
      decisions: ["allow", "allow_always", "deny"],
    })
    const decision =
      this.decide(request) ??
      (await new Promise<Answer>((done) => {
        this.#answers.set(toolCall.toolCallId, done)
      }))
    this.#emit({ type: "permission_resolved", requestId, decision, delivered: true, by: "user" })
    const kind = { allow: "allow_once", allow_always: "allow_always", deny: "reject_once" }[decision]
    const option = request.options.find((one) => one.kind === kind)
    return option
      ? { outcome: { outcome: "selected" as const, optionId: option.optionId } }
      : { outcome: { outcome: "cancelled" as const } }
  }

  #take(update: SessionUpdate): void {
    const turnId = this.#turnId
    if (this.#gone || !turnId) return
    this.updates.push(update)
    switch (update.sessionUpdate) {
      case "agent_message_chunk":
      case "agent_thought_chunk": {
        const messageId = update.messageId ?? "none"
        if (update._meta?.[META.reset]) this.#emit({ type: "message_reset", turnId, messageId })
        const text = update.content.type === "text" ? update.content.text : ""
        this.#emit({ type: update.sessionUpdate, turnId, messageId, text })
        break
      }
      case "tool_call":
      case "tool_call_update": {
        const { toolCallId, title, kind, status, rawInput, rawOutput, locations, content } = update
        const delta = update._meta?.[META.outputDelta]
        const fields = {
          turnId,
          toolCallId,
          ...(title && { title }),
          ...(kind && { kind }),
          ...(status && { status }),
          ...(rawInput !== undefined && { input: rawInput }),
          ...(typeof rawOutput === "string" && { output: rawOutput }),
          ...(locations && { locations: locations.map(({ path }) => ({ path })) }),
          ...(content && { content: content.flatMap(contentOf) }),
        }
        if (update.sessionUpdate === "tool_call_update")
          this.#emit({
            ...fields,
            type: "tool_call_update",
            ...(typeof delta === "string" && { appendOutput: delta }),
          })
        else
          this.#emit({
            title: "",
            kind: "other",
            status: "pending",
            locations: [],
            input: undefined,
            content: [],
            ...fields,
            type: "tool_call",
          })
        break
      }
      case "plan":
        this.#emit({ type: "plan", turnId, entries: update.entries.map(({ _meta, ...entry }) => entry) })
        break
      case "notice":
        this.#emit({ type: "notice", severity: "warning", category: "test", title: update.title })
        break
    }
  }

  #emit(event: Unstamped): void {
    if (this.#gone) return
    const stamp = {
      id: newEventId(),
      seq: this.#session.seq + 1,
      epoch: this.#session.epoch,
      at: "2026-01-01T00:00:00.000Z",
    }
    const stamped: SessionEvent = { ...event, ...stamp }
    this.#events.push(stamped)
    this.#session = reduceSession(this.#session, stamped)
    for (const next of this.#waiting) next()
    this.#waiting.clear()
  }
}

const contentOf = (
  content: NonNullable<Extract<SessionUpdate, { sessionUpdate: "tool_call" }>["content"]>[number],
): ToolContent[] =>
  content.type === "diff"
    ? [{ type: "diff", path: content.path, oldText: content.oldText ?? null, newText: content.newText }]
    : content.type === "content" && content.content.type === "text"
      ? [{ type: "text", text: content.content.text }]
      : []
