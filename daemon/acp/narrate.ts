/**
 * Tells one turn in our own words: what an agent said in, session events out, and the blobs that they name. Pure but
 * for the memory of what is open, so it is tested on recorded transcripts.
 *
 * Chunks are a preview; the whole text follows as `agent_message` when the message ends, and is the truth.
 */
import type { Unstamped } from "#streams/event"
import type { SessionId, TurnId } from "#streams/ids"
import { nothingToRedact, type Redactor } from "../redact.ts"
import { callsOf, type Told } from "./calls.ts"
import { withoutRepeat } from "./opencode.ts"
import type { Dialect, Reported, Said, Wire } from "./said.ts"
import { type Trouble, troubleInText } from "./trouble.ts"

/** A message longer than this is told in parts, so that its whole text fits into one event, were all of it escapes. */
const PART_LENGTH = 160_000
/** A chunk longer than this is told in pieces. */
const PIECE = /[\s\S]{1,100000}/g

export interface Narrator {
  tell(wire: Wire, now: number): Told[]
  /** Closes what is still open. */
  end(): Told[]
  /** What the agent reported of its tokens, its context and its running cost. */
  readonly reported: Reported
  /** Why the turn came to nothing, where the agent said so beside its stop reason. */
  readonly trouble: Trouble | null
  /** The last limit that the agent ran into. */
  readonly limit: Extract<Said, { said: "limit" }> | null
}

export interface NarratorOptions {
  readonly sessionId: SessionId
  readonly dialect: Dialect
  readonly redactor?: Redactor
}

interface OpenMessage {
  agentId: string
  /** Ours: a part of a long message has one of its own. */
  readonly id: string
  text: string
  /** The beginning of a secret, perhaps: told when the next piece shows that it is none. */
  held: string
  readonly chunkStarts: number[]
  /** The agent makes its request again: another id replaces this text rather than follows it. */
  restarting: boolean
}

export function narrator(turnId: TurnId, options: NarratorOptions): Narrator {
  const { sessionId, dialect, redactor = nothingToRedact } = options
  let message: OpenMessage | null = null
  let thought: { readonly id: string; held: string } | null = null
  const parts = new Map<string, number>()
  const calls = callsOf(turnId, { sessionId, redactor })
  let reported: Reported = {}
  let trouble: Trouble | null = null
  let limit: Narrator["limit"] = null
  /** What an adapter said of its own accord, while nothing else was said since. */
  let aside = ""

  /** The agent's own id where it gave one, since agents know their steps by it again; a later part gets a suffix. */
  const idFor = (kind: "message" | "thought", agentId: string): string => {
    const part = (parts.get(`${kind} ${agentId}`) ?? 0) + 1
    parts.set(`${kind} ${agentId}`, part)
    return part === 1 ? agentId : `${agentId}-${part}`
  }

  function closeMessage(): Unstamped[] {
    const open = message
    message = null
    if (!open) return []
    if (open.restarting) return [{ type: "message_reset", turnId, messageId: open.id }]
    const rest = redactor.text(open.held)
    const text = dialect.repeats ? withoutRepeat(open.text + rest, open.chunkStarts) : open.text + rest
    return [
      ...(rest === "" ? [] : [chunkOf("agent_message_chunk", open.id, rest)]),
      ...(text === "" ? [] : [{ type: "agent_message" as const, turnId, messageId: open.id, text }]),
    ]
  }

  function closeThought(): Unstamped[] {
    const open = thought
    thought = null
    return open && open.held !== "" ? [chunkOf("agent_thought_chunk", open.id, redactor.text(open.held))] : []
  }

  const closeTexts = (): Unstamped[] => [...closeThought(), ...closeMessage()]

  const chunkOf = (type: "agent_message_chunk" | "agent_thought_chunk", messageId: string, text: string) => ({
    type,
    turnId,
    messageId,
    text,
  })

  function messageChunk(agentId: string, text: string, reset: boolean): Unstamped[] {
    const events: Unstamped[] = closeThought()
    const restarted = message?.restarting === true && message.agentId !== agentId
    if (message && !restarted) {
      message.restarting = false
      if (message.agentId !== agentId || message.text.length + text.length > PART_LENGTH)
        events.push(...closeMessage())
    }
    message ??= {
      agentId,
      id: idFor("message", agentId),
      text: "",
      held: "",
      chunkStarts: [],
      restarting: false,
    }
    if (reset || restarted) {
      Object.assign(message, { agentId, text: "", held: "", restarting: false })
      message.chunkStarts.length = 0
      events.push({ type: "message_reset", turnId, messageId: message.id })
    }
    const { told, held } = redactor.piece(message.held + text)
    if (dialect.repeats && text !== "") message.chunkStarts.push(message.text.length)
    message.text += told
    message.held = held
    if (told !== "") events.push(chunkOf("agent_message_chunk", message.id, told))
    return events
  }

  function thoughtChunk(agentId: string, text: string): Unstamped[] {
    const events = closeMessage()
    thought ??= { id: idFor("thought", agentId), held: "" }
    const { told, held } = redactor.piece(thought.held + text)
    thought.held = held
    return told === "" ? events : [...events, chunkOf("agent_thought_chunk", thought.id, told)]
  }

  function told(said: Said): Told[] {
    if (said.said !== "usage" && said.said !== "limit" && said.said !== "trouble")
      aside = said.said === "text" && said.aside ? aside + said.text : ""
    switch (said.said) {
      case "text": {
        const agentId = said.messageId ?? message?.agentId ?? `${turnId}-message`
        return piecesOf(said.text).flatMap((text) => messageChunk(agentId, text, said.reset === true))
      }
      case "thought":
        return piecesOf(said.text).flatMap((text) =>
          thoughtChunk(said.messageId ?? `${turnId}-thought`, text),
        )
      case "call":
        return [...(calls.has(said.toolCallId) ? [] : closeTexts()), ...calls.tell(said)]
      case "plan":
        return [{ type: "plan", turnId, entries: redactor.value(said.entries) }]
      case "notice":
        if (said.restarts && message) message.restarting = true
        return [{ type: "notice", ...redactor.value(said.notice) }]
      case "compacted":
        return [...closeTexts(), { type: "context_compacted", turnId }]
      case "usage":
        reported = { ...reported, ...said.usage }
        return []
      case "limit":
        limit = said
        return []
      case "trouble":
        trouble = { ...said.trouble, failure: redactor.value(said.trouble.failure) }
        return []
    }
  }

  return {
    get reported() {
      return reported
    },
    get trouble() {
      return trouble
    },
    get limit() {
      return limit
    },
    tell(wire, now) {
      const events = dialect.saidIn(wire, now).flatMap(told)
      // A turn that ends with words of the adapter alone may have ended with an error.
      if (wire.wire === "response" && aside !== "") trouble ??= troubleInText(redactor.text(aside), now)
      return events
    },
    end: () => [...closeTexts(), ...calls.end()],
  }
}

/** An empty text still is one piece: it may carry a reset. */
const piecesOf = (text: string): string[] => text.match(PIECE) ?? [""]
