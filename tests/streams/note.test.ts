/** The agent's last note: which one counts, and when the agent has to be given it again. */
import { expect, test } from "vitest"
import type { SessionEvent, Unstamped } from "#streams/event"
import { forkedEvents } from "#streams/fork"
import { SessionId, type TurnId } from "#streams/ids"
import { toldNote } from "#streams/note"
import { emptySession, type Session } from "#streams/session"
import { foldSession } from "#streams/session-fold"

const sessionId = SessionId.parse("ses_test")

const stamped = (events: readonly Unstamped[]): SessionEvent[] =>
  events.map((event, seq) => ({ id: `evt_${seq}`, seq, epoch: 1, at: `at ${seq}`, ...event }) as SessionEvent)
const fold = (...events: readonly Unstamped[]): Session =>
  foldSession(emptySession(sessionId), stamped(events))

const started: Unstamped = {
  ...({ type: "session_started", agentType: "demo", workingDir: "/w", permissionMode: "ask" } as const),
  ...{ pid: 7, startTime: "1", bootId: "b", host: "h", incarnation: "i", version: "0" },
}
const opened = (agentSessionId: string): Unstamped => ({ type: "agent_started", name: "a", agentSessionId })
const turnId = "turn_1" as TurnId
const begun: Unstamped = { type: "turn_started", turnId, cause: "user" }
const ended: Unstamped = { type: "turn_ended", turnId, stopReason: "end_turn" }
const noted = (text: string): Unstamped => ({ type: "note_written", turnId, text, checkpoint: 2 })
const lost: Unstamped = { type: "session_interrupted", error: { code: "daemon_lost", message: "gone" } }
const given: Unstamped = { type: "note_given", turnId, why: "interrupted" }

const before = [started, opened("one"), begun, noted("half done")] as const
const whyIn = (session: Session) => session.note?.forgotten

test("the last note counts, and whoever wrote it knows it", () => {
  const session = fold(...before, noted("all done"), ended)
  expect(session.note).toEqual({ text: "all done", at: "at 4", turn: 1, checkpoint: 2, forgotten: null })
  expect(session.items.filter(({ type }) => type === "note")).toMatchObject([
    { text: "half done", given: null },
    { text: "all done", given: null },
  ])
})

test("an agent that was cut off, that starts a new conversation or that summed up its own may not know it", () => {
  expect(whyIn(fold(...before, lost))).toBe("interrupted")
  expect(whyIn(fold(...before, started))).toBe("interrupted")
  expect(whyIn(fold(...before, ended, started, opened("two")))).toBe("memory_lost")
  expect(whyIn(fold(...before, { type: "context_compacted", turnId }))).toBe("compacted")
  expect(whyIn(fold(...before, lost, started, opened("two")))).toBe("interrupted")
})

test("one that ended in peace and comes back to its conversation is told nothing", () => {
  expect(
    whyIn(fold(...before, ended, { type: "session_ended", reason: "idle" }, started, opened("one"))),
  ).toBeNull()
})

test("it is given once, and again after the next loss", () => {
  const once = [...before, lost, started, begun, given]
  expect(whyIn(fold(...once))).toBeNull()
  expect(fold(...once).items.at(-1)).toMatchObject({ type: "note", text: "half done", given: "interrupted" })
  expect(whyIn(fold(...once, lost))).toBe("interrupted")
})

test("a note that the agent asked for is no line of its own", () => {
  const session = fold(...before, lost, started, begun, { type: "note_given", turnId, why: "asked" })
  expect(session.items.filter(({ type }) => type === "note")).toHaveLength(1)
  expect(whyIn(session)).toBeNull()
})

test("a fork has the note of its moment, and its first agent is given it", () => {
  const raw = stamped([...before, ended, begun, noted("too late")])
  const fork = forkedEvents(raw, sessionId, 4)
  const session = foldSession(emptySession(SessionId.parse("ses_fork")), fork)
  expect(session.note).toMatchObject({ text: "half done", forgotten: null })
  const next = { id: "evt_next", seq: fork.length, epoch: 2, at: "", ...started } as SessionEvent
  expect(whyIn(foldSession(session, [next]))).toBe("forked")
})

test("where there is no note nothing is forgotten", () => {
  expect(fold(started, opened("one"), begun, lost, started, opened("two"), given).note).toBeNull()
})

test("it is told with its age, its files and its data, and why it is told", () => {
  const note = { text: "half done", data: { step: 3 }, at: "then", turn: 2, checkpoint: 7, forgotten: null }
  const told = toldNote(note, "compacted", 5)
  expect(told).toContain("summed up")
  expect(told).toContain("3 turns before this one")
  expect(told).toContain("checkpoint 7")
  expect(told).toContain('<note>\nhalf done\n{"step":3}\n</note>')
})
