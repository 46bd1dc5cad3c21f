/** A session whose daemon is a script: it says real events, and answers messages, approvals and cancel. */
import { setTimeout as sleep } from "node:timers/promises"
import type { Unstamped } from "../../streams/event.ts"
import { newEventId, newMessageId, newRequestId, newTurnId, type SessionId } from "../../streams/ids.ts"
import { activityOf, activityRowChange, type SessionRow } from "../../streams/registry.ts"
import { emptySession, type Session } from "../../streams/session.ts"
import { reduceSession } from "../../streams/session-fold.ts"
import { StreamLog } from "./stream-log.ts"

type Decision = "allow" | "allow_always" | "deny"

export class FakeSession {
  row: SessionRow
  readonly events = new StreamLog()
  session: Session
  readonly #registry: StreamLog
  #epoch = 1
  #turn: AbortController | null = null
  #messages: { id: string; text: string }[] = []
  #answers = new Map<string, (decision: Decision) => void>()
  #keys = new Map<string, string>()
  #at: number

  constructor(row: SessionRow, registry: StreamLog) {
    this.row = row
    this.#registry = registry
    this.session = emptySession(row.sessionId)
    this.#at = Date.parse(row.createdAt)
  }

  /** Says something, `later` ms after what was said before where the past is told. */
  say(event: Unstamped, later?: number): void {
    this.#at = later === undefined ? Math.max(this.#at, Date.now()) : this.#at + later
    const seq = this.session.seq + 1
    const stamp = { id: newEventId(), seq, epoch: this.#epoch, at: new Date(this.#at).toISOString() }
    const stamped = { ...event, ...stamp } as Parameters<typeof reduceSession>[1]
    this.session = reduceSession(this.session, stamped)
    this.events.append(stamped)
    this.#registry.append(activityRowChange(activityOf(this.session, "0")))
  }

  start(later?: number): void {
    const { agentType, workingDir, model, permissionMode } = this.row
    const process = { pid: 4242, startTime: "1", bootId: "boot", host: "localhost", incarnation: "one" }
    this.say(
      {
        type: "session_started",
        agentType,
        workingDir,
        ...(model && { model }),
        permissionMode,
        ...process,
        version: "0.1.0",
      },
      later,
    )
  }

  take(text: string, key?: string): string {
    const known = key === undefined ? undefined : this.#keys.get(key)
    if (known) return known
    const messageId = newMessageId()
    if (key !== undefined) this.#keys.set(key, messageId)
    this.say({ type: "user_message", messageId, text })
    this.#messages.push({ id: messageId, text })
    void this.#work()
    return messageId
  }

  answer(requestId: string, decision: Decision): Decision | null {
    const settle = this.#answers.get(requestId)
    const open = this.session.approvals.some((request) => request.requestId === requestId)
    if (!open) return null
    const by = "user" as const
    this.say({ type: "permission_resolved", requestId: requestId as never, decision, delivered: true, by })
    settle?.(decision)
    return decision
  }

  cancel(): void {
    this.#turn?.abort()
  }

  resume(): number {
    this.#epoch += 1
    this.start()
    this.#messages.push({ id: "", text: "[[resume]]" })
    void this.#work()
    return this.#epoch
  }

  async #work(): Promise<void> {
    if (this.#turn) return
    for (let next = this.#messages.shift(); next; next = this.#messages.shift()) {
      const turn = new AbortController()
      this.#turn = turn
      const turnId = newTurnId()
      this.say({
        type: "turn_started",
        turnId,
        cause: next.id ? "user" : "recovery",
        ...(next.id && { messageId: next.id as never }),
      })
      const stopped = await this.#answerTo(next.text, turnId, turn.signal).then(
        () => false,
        () => true,
      )
      this.say({ type: "usage", turnId, inputTokens: 1200, outputTokens: 340, costUsd: 0.0123 })
      this.say({ type: "turn_ended", turnId, stopReason: stopped ? "cancelled" : "end_turn" })
      this.#turn = null
    }
  }

  async #answerTo(text: string, turnId: ReturnType<typeof newTurnId>, signal: AbortSignal): Promise<void> {
    const messageId = newEventId()
    const stream = async (words: string, ms: number) => {
      let whole = ""
      for (const word of words.split(/(?<= )/)) {
        await sleep(ms, undefined, { signal })
        whole += word
        this.say({ type: "agent_message_chunk", turnId, messageId, text: word })
      }
      this.say({ type: "agent_message", turnId, messageId, text: whole })
    }
    if (text.includes("[[ask]]")) {
      const requestId = newRequestId()
      const toolCallId = newEventId()
      const ask = { toolCallId, title: "npm run deploy -- --force", kind: "execute" as const }
      const input = { command: "npm run deploy -- --force" }
      this.say({ type: "tool_call", turnId, ...ask, status: "pending", locations: [], input, content: [] })
      const decisions: Decision[] = ["allow", "allow_always", "deny"]
      this.say({
        type: "permission_request",
        turnId,
        requestId,
        ...ask,
        input,
        inputHash: "0",
        content: [],
        decisions,
      })
      const decision = await new Promise<Decision>((resolve, reject) => {
        this.#answers.set(requestId, resolve)
        signal.addEventListener("abort", () => reject(signal.reason))
      })
      const status = decision === "deny" ? ("failed" as const) : ("completed" as const)
      this.say({ type: "tool_call_update", turnId, toolCallId, status, output: `${decision}\n` })
    }
    const slow = /\[\[slow n=(\d+) ms=(\d+)\]\]/.exec(text)
    const words = slow
      ? Array.from({ length: Number(slow[1]) }, (_, index) => `word-${index} `).join("")
      : `You said: **${text.replaceAll("[", "").replaceAll("]", "")}**. All done.`
    await stream(words, slow ? Number(slow[2]) : 15)
  }
}

export const fakeRow = (
  sessionId: SessionId,
  row: Partial<SessionRow> & { readonly title: string },
): SessionRow => ({
  sessionId,
  agentType: "demo",
  workingDir: "/home/ada/code/agentz",
  permissionMode: "ask",
  createdAt: new Date().toISOString(),
  ...row,
})
