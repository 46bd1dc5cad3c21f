import { expect, test } from "vitest"
import { applyItems, diffItems, noPatch } from "../../routes/-app/patches.ts"
import type { SessionEvent } from "../../streams/event.ts"
import { SessionId } from "../../streams/ids.ts"
import { emptySession, type Item } from "../../streams/session.ts"
import { foldSession } from "../../streams/session-fold.ts"

const turnId = "turn_1"
let seq = 0
const event = (fields: object): SessionEvent =>
  ({ id: `evt_${seq}`, seq: seq++, epoch: 1, at: "2026-01-01T00:00:00Z", turnId, ...fields }) as SessionEvent

const chunk = (text: string) => event({ type: "agent_message_chunk", messageId: "m1", text })
const user = (messageId: string) => event({ type: "user_message", messageId, text: messageId })

function story(): SessionEvent[] {
  seq = 0
  return [
    user("msg_a"),
    event({ type: "turn_started", messageId: "msg_a", cause: "user" }),
    event({ type: "agent_thought_chunk", messageId: "m0", text: "hm" }),
    chunk("Hel"),
    chunk("lo"),
    user("msg_b"),
    event({
      type: "tool_call",
      toolCallId: "t",
      title: "ls",
      kind: "execute",
      status: "in_progress",
      content: [],
      locations: [],
      input: {},
    }),
    event({ type: "tool_call_update", toolCallId: "t", appendOutput: "one\n" }),
    event({ type: "tool_call_update", toolCallId: "t", appendOutput: "two\n", status: "completed" }),
    event({ type: "message_reset", messageId: "m1" }),
    chunk("Again"),
    event({ type: "agent_message", messageId: "m1", text: "Again." }),
    event({ type: "turn_ended", stopReason: "end_turn" }),
    event({ type: "turn_started", turnId: "turn_2", messageId: "msg_b", cause: "user" }),
  ]
}

test("patches applied in turn give the transcript of the fold, however the events were batched", () => {
  const events = story()
  for (const size of [1, 2, 3, 5, events.length]) {
    let session = emptySession(SessionId.parse("ses_x"))
    let shown: readonly Item[] = []
    for (let from = 0; from < events.length; from += size) {
      const before = session.items
      session = foldSession(session, events.slice(from, from + size))
      shown = applyItems(shown, structuredClone(diffItems(before, session.items)))
    }
    expect(shown).toEqual(session.items)
  }
})

test("a token costs a token: only the text that was added is sent", () => {
  const events = story().slice(0, 5)
  const before = foldSession(emptySession(SessionId.parse("ses_x")), events.slice(0, 4)).items
  const after = foldSession(emptySession(SessionId.parse("ses_x")), events).items
  const same = before.map((item, index) => (item.type === "message" ? (after[index] ?? item) : item))
  expect(diffItems(before, same)).toEqual({ ...noPatch, grow: [{ key: "m1/message/turn_1", text: "lo" }] })
})

test("untouched items keep their identity, so their rows are not drawn again", () => {
  const { items } = foldSession(emptySession(SessionId.parse("ses_x")), story())
  const [first, ...rest] = items
  if (!first) throw new Error("the story has items")
  const changed = { ...first, at: "later" } as Item
  const next = applyItems(items, diffItems(items, [changed, ...rest]))
  expect(next.slice(1).every((item, index) => item === items[index + 1])).toBe(true)
  expect(applyItems(items, noPatch)).toBe(items)
})

test("older items come before all others", () => {
  const { items } = foldSession(emptySession(SessionId.parse("ses_x")), story())
  expect(applyItems(items.slice(3), { ...noPatch, before: items.slice(0, 3) })).toEqual(items)
})
