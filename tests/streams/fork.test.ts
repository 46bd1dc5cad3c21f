import { expect, test } from "vitest"
import { parseEvent, type SessionEvent } from "#streams/event"
import { filesOfFork, forkedEvents } from "#streams/fork"
import { SessionId } from "#streams/ids"
import { emptySession } from "#streams/session"
import { foldSession } from "#streams/session-fold"

const sessionId = SessionId.parse("ses_test")
const turn = (n: number) => `turn_${n}`
const message = (n: number) => [
  { type: "user_message", messageId: `msg_${n}`, text: `message ${n}` },
  { type: "turn_started", turnId: turn(n), messageId: `msg_${n}`, cause: "user" },
]
const kept = (n: number, when: string, of: number) => ({
  ...{ type: "checkpoint", n, when, turnId: turn(of), commit: `c${n}`, tree: `t${n}`, head: null },
  changed: { files: 1, added: 1, removed: 0 },
})
const over = (n: number) => ({ type: "turn_ended", turnId: turn(n), stopReason: "end_turn" })

/** Two turns; a person changed a file between them. */
const raw = [
  ...message(1),
  kept(1, "before_turn", 1),
  kept(2, "after_turn", 1),
  over(1),
  ...message(2),
  kept(3, "before_turn", 2),
  { type: "agent_message", turnId: turn(2), messageId: "m", text: "said" },
  kept(4, "after_turn", 2),
  over(2),
].map((event, seq) => ({ id: `evt_${seq}`, seq, epoch: 1, at: "2026-01-01T00:00:00Z", ...event }))
const events = raw.map(parseEvent).filter((event): event is SessionEvent => event !== null)
const session = foldSession(emptySession(sessionId), events)
const seqOf = (type: string, turnId: string) =>
  events.find((event) => event.type === type && "turnId" in event && event.turnId === turnId)?.seq ?? -1

test("a fork from before a message has the files that this message found, also before the first one", () => {
  expect(events).toHaveLength(raw.length)
  expect(filesOfFork(session, seqOf("turn_started", turn(1)) - 1)?.n).toBe(1)
  expect(filesOfFork(session, seqOf("turn_started", turn(2)) - 1)?.n).toBe(3)
})

test("a fork from amid a turn or from an end has the last checkpoint before that moment", () => {
  expect(filesOfFork(session, seqOf("agent_message", turn(2)))?.n).toBe(3)
  expect(filesOfFork(session, session.seq)?.n).toBe(4)
  expect(filesOfFork(session, seqOf("turn_ended", turn(1)))?.n).toBe(2)
  expect(filesOfFork(session, -1)).toBeUndefined()
})

test("a fork from before the first message has said nothing, and is at rest", () => {
  const fork = foldSession(emptySession(sessionId), forkedEvents(raw, sessionId, 0))
  expect(fork).toMatchObject({ status: "completed", turns: 0, items: [], queue: [] })
})
