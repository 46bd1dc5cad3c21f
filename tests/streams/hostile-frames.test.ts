/** What a broken or hostile writer could put into a stream: read by every fold, in every process and in the page. */
import { expect, test } from "vitest"
import { parseCommand } from "#streams/command"
import { parseEvent, type SessionEvent } from "#streams/event"
import { SessionId } from "#streams/ids"
import { emptyRegistry, foldRegistry } from "#streams/registry"
import { emptySession } from "#streams/session"
import { foldSession } from "#streams/session-fold"
import { seeded } from "../support/seeded.ts"

const COUNT = 10_000
const stamp = { id: "evt_a", seq: 0, epoch: 1, at: "2026-01-01T00:00:00.000Z" }
const turn = { turnId: "turn_a" }
const SEEDS: readonly Record<string, unknown>[] = [
  { type: "turn_started", ...turn, messageId: "msg_a", cause: "user" },
  { type: "user_message", messageId: "msg_a", text: "x" },
  { type: "agent_message_chunk", ...turn, messageId: "m", text: "x" },
  { type: "agent_message", ...turn, messageId: "m", text: "x" },
  {
    type: "tool_call",
    ...turn,
    toolCallId: "t",
    title: "T",
    kind: "edit",
    status: "pending",
    locations: [{ path: "a" }],
    input: {},
    content: [{ type: "diff", path: "a", oldText: null, newText: "b" }],
  },
  { type: "tool_call_update", ...turn, toolCallId: "t", appendOutput: "x" },
  { type: "plan", ...turn, entries: [{ content: "c", priority: "high", status: "pending" }] },
  { type: "permission_resolved", requestId: "req_a", decision: "allow", delivered: true, by: "user" },
  { type: "usage", ...turn, inputTokens: 1, outputTokens: 1 },
  { type: "turn_ended", ...turn, stopReason: "end_turn" },
  { type: "session_interrupted", error: { code: "c", message: "m" } },
]
const JUNK: readonly unknown[] = [
  null,
  "",
  "\u0000\u202e<script>",
  "x".repeat(10_000),
  -1,
  0,
  1e308,
  Number.MAX_SAFE_INTEGER,
  0.5,
  true,
  [],
  {},
  [[[[]]]],
  { __proto__: { polluted: true } },
  JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'),
  "constructor",
  "__proto__",
  "toString",
]

test("10,000 malformed frames change a session or not, and break nothing", () => {
  const random = seeded("hostile frames")
  let session = emptySession(SessionId.parse("ses_a"))
  let registry = emptyRegistry
  let taken = 0
  const before = process.memoryUsage().heapUsed
  for (let index = 0; index < COUNT; index++) {
    const frame: Record<string, unknown> = { ...stamp, seq: index, ...random.pick(SEEDS) }
    const keys = Object.keys(frame)
    for (let times = Math.floor(random.next() * 3); times > 0; times--) {
      const key = random.next() < 0.8 ? random.pick(keys) : String(random.pick(JUNK)).slice(0, 20)
      if (random.next() < 0.2) delete frame[key]
      else frame[key] = random.pick(JUNK)
    }
    const whole: unknown = random.next() < 0.05 ? random.pick(JUNK) : frame
    const event: SessionEvent | null = parseEvent(whole)
    if (event !== null) {
      session = foldSession(session, [event])
      taken++
    }
    parseCommand(whole)
    registry = foldRegistry(registry, [
      whole,
      { type: "session", key: "ses_a", value: whole, headers: whole },
    ])
  }
  expect(taken).toBeGreaterThan(COUNT / 10)
  expect(session.seq).toBeGreaterThanOrEqual(0)
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024)
  expect(JSON.parse(JSON.stringify(session)).sessionId).toBe("ses_a")
})
