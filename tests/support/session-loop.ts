/**
 * The loop of a daemon around a scripted agent, without processes and streams: what it would publish is folded, what
 * it is asked is pushed. `killed` is what a kill leaves: the same events and inbox for the next one.
 */
import type {
  RequestPermissionRequest,
  RequestPermissionResponse,
  SessionUpdate,
} from "@agentclientprotocol/sdk"
import { dialectOf } from "#daemon/acp/dialects"
import type { AgentSession, SteerOutcome } from "#daemon/agent-session"
import { approvals } from "#daemon/approvals"
import { limitsOf } from "#daemon/limits"
import { nothingToRedact } from "#daemon/redact"
import { type Ending, runSession } from "#daemon/session"
import type { Command } from "#streams/command"
import type { PermissionMode, SessionEvent, Unstamped } from "#streams/event"
import { type MessageId, newEventId, newMessageId, newSessionId, type SessionId } from "#streams/ids"
import type { Publisher } from "#streams/publisher"
import type { Rule } from "#streams/rule"
import { emptySession, type Session } from "#streams/session"
import { foldSession } from "#streams/session-fold"
import { type Limits, limitsAfter } from "#streams/session-limits"
import type { Batch } from "#streams/stream"

type Listener = Parameters<AgentSession["prompt"]>[0]["listener"]

/** One turn of the agent. `signal` aborts when the turn is cancelled. */
export interface ScriptedTurn {
  readonly text: string
  readonly resume: boolean
  readonly signal: AbortSignal
  update(update: SessionUpdate): Promise<void>
  ask(call: Partial<RequestPermissionRequest["toolCall"]>, options?: Options): Promise<string>
  /** Messages that came into the turn, in order; resolves with the next one. */
  heard(): Promise<string>
}
type Options = RequestPermissionRequest["options"]

const OPTIONS: Options = [
  { optionId: "yes", name: "Yes", kind: "allow_once" },
  { optionId: "yes-always", name: "Yes, always", kind: "allow_always" },
  { optionId: "no", name: "No", kind: "reject_once" },
]

type Script = (turn: ScriptedTurn) => Promise<void>

interface Kept {
  readonly sessionId: SessionId
  readonly events: SessionEvent[]
  readonly inbox: Command[]
  readonly epoch: number
}

export interface LoopOptions {
  readonly script: Script
  /** The type of agent whose habits it has; default: nobody's. */
  readonly as?: string
  readonly workingDir?: string
  readonly mode?: PermissionMode
  readonly rules?: readonly Rule[]
  /** What the agent does with a message into its turn; default: it hears it. */
  readonly steer?: SteerOutcome
  readonly from?: Kept
  readonly resume?: boolean
  /** After so long without work the daemon leaves; default: never in a test. */
  readonly idleMs?: number
  /** What happens while the daemon asks whether the inbox has more. */
  readonly whileLeaving?: () => Promise<void>
}

export class SessionLoop implements AsyncDisposable {
  readonly sessionId: SessionId
  readonly prompts: string[] = []
  readonly told: (readonly [string, string])[] = []
  rules: readonly Rule[]
  readonly #kept: Kept
  readonly #shutdown = new AbortController()
  readonly #approvals: ReturnType<typeof approvals>
  #session: Session
  #wake: (() => void)[] = []
  #heard: string[] = []
  #dead = false
  readonly ended: Promise<Ending>

  constructor(options: LoopOptions) {
    const { from, workingDir = "/", mode = "ask", resume = false } = options
    const epoch = (from?.epoch ?? 0) + 1
    this.#kept = { sessionId: newSessionId(), events: [], inbox: [], ...from, epoch }
    this.sessionId = this.#kept.sessionId
    this.rules = options.rules ?? []
    this.#session = foldSession(emptySession(this.sessionId), this.#kept.events)
    this.#publish({
      ...{ type: "session_started", agentType: "scripted", workingDir, permissionMode: mode, pid: 1 },
      ...{ startTime: "0", bootId: "b", host: "h", incarnation: "i", version: "0" },
    })
    const { purpose } = { purpose: "daemon" as const }
    this.#kept.inbox.push({ type: "starting", at: NOW, epoch, incarnation: "i", purpose, resume })
    this.#approvals = approvals({
      session: () => this.#session,
      publish: (event) => this.#publish(event),
      agentType: "scripted",
      workingDir,
      mode: () => this.#session.permissionMode ?? mode,
      rules: { all: () => this.rules, caughtUp: Promise.resolve() },
    })
    const self = this
    const publisher = {
      get session() {
        return self.#session
      },
    } as Publisher
    const agent = this.#agent(options)
    let limits: Limits = {}
    this.ended = runSession({
      makeReady: async () => undefined,
      pushing: { perform: () => undefined, busy: false },
      checkpoints: {
        aroundTurn: async () => undefined,
        noted: async () => null,
        perform: async () => undefined,
      },
      notes: { give: () => null },
      watch: limitsOf({
        sessionId: "ses_scripted",
        limits: () => limits,
        enclosure: {
          refusals: () => ({ memory: 0, processes: 0 }),
          footprint: () => ({ memoryKb: 0, processes: 0 }),
        },
        disk: { bytes: () => 0, look: () => undefined, ready: () => Promise.resolve() },
      }),
      setLimits: (asked) => {
        limits = limitsAfter(limits, asked)
        this.#publish({ type: "limits_changed", limits })
      },
      publisher,
      publish: (event) => this.#publish(event),
      session: () => this.#session,
      keepBlob: () => undefined,
      dialect: dialectOf(options.as ?? "scripted"),
      redactor: nothingToRedact,
      onLimit: "stop",
      approvals: this.#approvals,
      agent: () => Promise.resolve(agent),
      dropAgent: () => Promise.resolve(),
      killTools: () => Promise.resolve(),
      epoch,
      resume,
      idleMs: options.idleMs ?? 3_600_000,
      inbox: this.#batches(),
      inboxTail: async () => {
        await options.whileLeaving?.()
        return String(this.#kept.inbox.length)
      },
      shutdown: this.#shutdown,
      onPlace: () => undefined,
      setMode: (next) => {
        this.#publish({ type: "mode_changed", mode: next })
        this.#approvals.reconsider()
      },
      setOption: (optionId, value) => this.told.push([optionId, value]),
    })
  }

  get session(): Session {
    return this.#session
  }
  get events(): readonly SessionEvent[] {
    return this.#kept.events
  }
  types(): readonly string[] {
    return this.events.map(({ type }) => type)
  }

  send(text: string, mode: "queue" | "steer" | "interrupt" = "queue"): MessageId {
    const messageId = newMessageId()
    this.ask({ type: "user_message", messageId, text, mode })
    return messageId
  }
  ask(command: DistributiveOmit<Command, "at">): void {
    this.#kept.inbox.push({ at: NOW, ...command } as Command)
    this.#changed()
  }
  answer(decision: "allow" | "allow_always" | "deny", more: { note?: string; optionId?: string } = {}): void {
    const requestId = this.#session.approvals[0]?.requestId
    if (!requestId) throw new Error("Nothing is asked.")
    this.ask({ type: "permission_response", requestId, decision, ...more })
  }
  setRules(rules: readonly Rule[]): void {
    this.rules = rules
    this.#approvals.reconsider()
  }

  /** Resolves as soon as it holds, looked at after each event. */
  async until(what: string, holds: (session: Session) => unknown): Promise<Session> {
    for (let looks = 0; !holds(this.#session); looks++) {
      if (looks > 10_000) throw new Error(`Never ${what}.`)
      await new Promise<void>((next) => this.#wake.push(next))
    }
    return this.#session
  }

  /** As after kill -9: nothing this one does counts any more. What it asked is in the inbox still. */
  killed(): Kept {
    this.#dead = true
    this.#shutdown.abort()
    this.#changed()
    return { ...this.#kept, events: [...this.#kept.events], inbox: [...this.#kept.inbox] }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#shutdown.abort()
    this.#changed()
    await this.ended
  }

  #agent({ script, steer = "taken" }: LoopOptions): AgentSession {
    return {
      ended: new Promise(() => undefined),
      sweep: null,
      prompt: async ({ text, resume, signal, listener }) => {
        this.prompts.push(text)
        const turn: ScriptedTurn = {
          ...{ text, resume, signal },
          update: async (update) => await listener.update(update),
          ask: (call, given = OPTIONS) => asked(listener, call, given),
          heard: async () => {
            await this.until("heard", () => this.#heard.length > 0)
            return this.#heard.shift() ?? ""
          },
        }
        await Promise.race([
          script(turn),
          new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true })),
        ])
        const stopReason = signal.aborted ? "cancelled" : "end_turn"
        return { stopReason, response: { stopReason } }
      },
      steer: async ({ text }) => {
        if (steer === "taken") this.#heard.push(text)
        this.#changed()
        return steer
      },
      setMode: async (mode) => void this.told.push(["mode", mode]),
      setOption: async (id, value) => void this.told.push([id, value]),
      [Symbol.asyncDispose]: async () => undefined,
    }
  }

  async *#batches(): AsyncGenerator<Batch> {
    let at = 0
    this.#shutdown.signal.addEventListener("abort", () => this.#changed(), { once: true })
    while (!this.#shutdown.signal.aborted) {
      const items = this.#kept.inbox.slice(at)
      at = this.#kept.inbox.length
      yield { items, offset: String(at), upToDate: true }
      while (at === this.#kept.inbox.length && !this.#shutdown.signal.aborted)
        await new Promise<void>((next) => this.#wake.push(next))
    }
  }

  #publish(event: Unstamped): void {
    if (this.#dead) return
    const stamp = { id: newEventId(), seq: this.#session.seq + 1, epoch: this.#kept.epoch, at: NOW }
    const stamped = { ...stamp, ...event } as SessionEvent
    this.#kept.events.push(stamped)
    this.#session = foldSession(this.#session, [stamped])
    this.#changed()
  }
  #changed(): void {
    const waiting = this.#wake
    this.#wake = []
    for (const next of waiting) next()
  }
}

type DistributiveOmit<Union, Keys extends PropertyKey> = Union extends unknown ? Omit<Union, Keys> : never

const NOW = "2026-01-01T00:00:00.000Z"
let calls = 0

/** The id of the option that was chosen, or `cancelled`; with the note behind it, where there is one. */
async function asked(
  listener: Listener,
  call: Partial<RequestPermissionRequest["toolCall"]>,
  options: Options,
): Promise<string> {
  const toolCall = { toolCallId: `call_${calls++}`, title: "A call", ...call }
  const { outcome }: RequestPermissionResponse = await listener.permission({
    sessionId: "s",
    toolCall,
    options,
  })
  return outcome.outcome === "selected" ? outcome.optionId : "cancelled"
}
