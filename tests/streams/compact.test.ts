import { expect, test } from "vitest"
import { compacted } from "#streams/compact"
import type { SessionEvent, Unstamped } from "#streams/event"
import { parseEvent } from "#streams/event"
import { type MessageId, SessionId, type TurnId } from "#streams/ids"
import { emptySession } from "#streams/session"
import { foldSession } from "#streams/session-fold"

const turnId = "turn_1" as TurnId
const stamped = (events: readonly Unstamped[]): SessionEvent[] =>
  events.map(
    (event, seq) =>
      ({ id: `evt_${seq}`, seq, epoch: 1, at: `2026-01-01T00:00:0${seq % 10}Z`, ...event }) as SessionEvent,
  )
const fold = (items: readonly unknown[]) =>
  foldSession(
    emptySession(SessionId.parse("ses_test")),
    items.map(parseEvent).filter((event) => event !== null),
  )

const asked: Unstamped = { type: "user_message", messageId: "msg_1" as MessageId, text: "do it" }
const begun: Unstamped = { type: "turn_started", turnId, messageId: "msg_1" as MessageId, cause: "user" }
const chunk = (messageId: string, text: string): Unstamped => ({
  type: "agent_message_chunk",
  turnId,
  messageId,
  text,
})
const whole = (messageId: string, text: string): Unstamped => ({
  type: "agent_message",
  turnId,
  messageId,
  text,
})
const thought = (text: string): Unstamped => ({ type: "agent_thought_chunk", turnId, messageId: "t", text })
const call: Unstamped = {
  type: "tool_call",
  turnId,
  toolCallId: "c",
  title: "Run",
  kind: "execute",
  status: "in_progress",
  locations: [],
  input: {},
  content: [],
}
const update = (fields: object): Unstamped =>
  ({ type: "tool_call_update", turnId, toolCallId: "c", ...fields }) as Unstamped
const ended: Unstamped = { type: "turn_ended", turnId, stopReason: "end_turn" }

test("an archive holds whole messages and folds to the same session", () => {
  const events = stamped([
    asked,
    begun,
    thought("let "),
    thought("me "),
    thought("see"),
    chunk("a", "Hel"),
    chunk("a", "lo"),
    call,
    update({ appendOutput: "1" }),
    update({ appendOutput: "2" }),
    update({ output: "12", status: "completed" }),
    whole("a", "Hello"),
    chunk("b", "wrong"),
    { type: "message_reset", turnId, messageId: "b" },
    chunk("b", "cut o"),
    chunk("b", "ff"),
    ended,
  ])
  const kept = compacted(events)
  expect(kept.map((event) => (event as SessionEvent).type)).toEqual([
    "user_message",
    "turn_started",
    "agent_thought_chunk",
    "agent_message",
    "tool_call",
    "tool_call_update",
    "agent_message_chunk",
    "turn_ended",
  ])
  expect({ ...fold(kept), lastLine: "" }).toEqual({ ...fold(events), lastLine: "" })
})

test("every event that stays has the place and the name that it had", () => {
  const events = stamped([asked, begun, chunk("a", "Hel"), chunk("a", "lo"), whole("a", "Hello"), ended])
  const before = new Map(events.map((event) => [event.id, event.seq]))
  for (const event of compacted(events) as SessionEvent[]) expect(before.get(event.id)).toBe(event.seq)
})

test("whoever has read a part of the events goes on with the archive from its start", () => {
  const events = stamped([asked, begun, chunk("a", "Hel"), chunk("a", "lo"), whole("a", "Hello"), ended])
  const half = fold(events.slice(0, 3))
  const rest = foldSession(half, compacted(events) as SessionEvent[])
  expect(rest).toMatchObject({ seq: 5, status: "completed", turnId: null })
})

test("what a newer version wrote is kept as it is", () => {
  const unknown = { type: "from_the_future", id: "evt_x", seq: 1, epoch: 1, at: "", data: [1] }
  expect(compacted([stamped([asked])[0], unknown])).toContainEqual(unknown)
})
