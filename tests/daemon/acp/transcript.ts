/** A recorded conversation with an agent, told by its dialect and folded: what a person would see of it. */
import { readFileSync } from "node:fs"
import type { Told } from "#daemon/acp/calls"
import { type Narrator, type NarratorOptions, narrator } from "#daemon/acp/narrate"
import type { Dialect, Wire } from "#daemon/acp/said"
import { usageEvent } from "#daemon/acp/usage"
import { parseEvent, type SessionEvent, type Unstamped } from "#streams/event"
import { SessionId, type TurnId } from "#streams/ids"
import { emptySession, type ItemOf, type Session } from "#streams/session"
import { foldSession } from "#streams/session-fold"

export const turnId = "turn_1" as TurnId
const sessionId = SessionId.parse("ses_test")
export const NOW = Date.parse("2026-11-25T12:00:00Z")

export const storyOf = (dialect: Dialect, options: Partial<NarratorOptions> = {}, turn = turnId): Narrator =>
  narrator(turn, { sessionId, dialect, ...options })

export const toldBy = (story: Narrator, updates: readonly unknown[]): Told[] => [
  ...updates.flatMap((update) => story.tell({ wire: "update", update }, NOW)),
  ...story.end(),
]

export const eventsIn = (told: readonly Told[]): Unstamped[] =>
  told.flatMap((one) => (one.type === "blob" ? [] : [one]))

export const blobsIn = (told: readonly Told[]): string[] =>
  told.flatMap((one) => (one.type === "blob" ? [new TextDecoder().decode(one.blob.bytes)] : []))

/** Stamped, and read back as any reader does: fails for what is no event of ours. */
const stamped = (events: readonly Unstamped[]): SessionEvent[] =>
  events.map((event, seq) => {
    const stamp = { id: `evt_${seq}`, seq, epoch: 1, at: "2026-01-01T00:00:00Z" }
    const parsed = parseEvent(JSON.parse(JSON.stringify({ ...stamp, ...event })))
    if (!parsed) throw new Error(`Not an event of ours: ${JSON.stringify(event)}`)
    return parsed
  })

const begin = (turn: TurnId): Unstamped => ({ type: "turn_started", turnId: turn, cause: "recovery" })

/** The session in which one turn told this. */
export const foldOf = (told: readonly Told[]): Session =>
  foldSession(emptySession(sessionId), stamped([begin(turnId), ...eventsIn(told)]))

export const messagesIn = (told: readonly Told[]): ItemOf<"message">[] =>
  foldOf(told).items.filter((item) => item.type === "message")

export const toolsIn = (session: Session): ItemOf<"tool">[] =>
  session.items.filter((item) => item.type === "tool")

export interface RecordedTurn {
  readonly wires: readonly Wire[]
  /** Whether the agent answered the prompt. */
  readonly answered: boolean
}

/** The turns of a recording: from each prompt to its answer, or to the end of the record. */
export function turnsOf(name: string): RecordedTurn[] {
  const file = new URL(`../../fixtures/transcripts/${name}.jsonl`, import.meta.url)
  const turns: { wires: Wire[]; answered: boolean; id: unknown }[] = []
  for (const line of readFileSync(file, "utf8").trim().split("\n")) {
    const { dir, msg } = JSON.parse(line)
    if (dir === "send" && msg.method === "session/prompt")
      turns.push({ wires: [], answered: false, id: msg.id })
    const turn = turns.at(-1)
    if (!turn || turn.answered || dir !== "recv") continue
    if (msg.method === "session/update") turn.wires.push({ wire: "update", update: msg.params.update })
    else if (msg.id === turn.id && "result" in msg) {
      turn.wires.push({ wire: "response", response: msg.result })
      turn.answered = true
    }
  }
  return turns
}

/** The recording as a session: every turn told and closed, with its usage. `cost`: where the counter stood before. */
export function sessionOf(name: string, dialect: Dialect, cost: number | null = null): Session {
  let before = cost
  const told = turnsOf(name).flatMap(({ wires }, index): Unstamped[] => {
    const turn = `turn_${index + 1}` as TurnId
    const story = storyOf(dialect, {}, turn)
    const events = eventsIn([...wires.flatMap((wire) => story.tell(wire, NOW)), ...story.end()])
    const usage = usageEvent(turn, story.reported, before)
    before = story.reported.totalCostUsd ?? before
    const end: Unstamped = {
      type: "turn_ended",
      turnId: turn,
      stopReason: story.trouble ? "error" : "end_turn",
      ...(story.trouble && { error: story.trouble.failure }),
    }
    return [begin(turn), ...events, ...(usage ? [usage] : []), end]
  })
  return foldSession(emptySession(sessionId), stamped(told))
}

/** All that was streamed as text, piece by piece. */
export const streamedIn = (turns: readonly RecordedTurn[]): string =>
  turns
    .flatMap(({ wires }) => wires)
    .map((wire) =>
      wire.wire === "update" ? (wire.update as { sessionUpdate: string; content?: { text?: string } }) : null,
    )
    .map((update) => (update?.sessionUpdate === "agent_message_chunk" ? (update.content?.text ?? "") : ""))
    .join("")

export const saidIn = (session: Session): string =>
  session.items.flatMap((item) => (item.type === "message" ? [item.text] : [])).join("")
