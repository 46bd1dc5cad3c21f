/** Events of every kind that a transcript can hold, in any order, for properties of folds. */
import fc from "fast-check"
import type { SessionEvent } from "#streams/event"

const text = fc.oneof(
  fc.constantFrom("", "plain", "a\nb\n", "ünï \u2028 𝄞", "\u001b[31mred"),
  fc.string({ maxLength: 12 }),
)
const one = fc.nat(2)
const turnId = one.map((n) => `turn_${n}`)
const messageId = one.map((n) => `msg_${n}`)
const requestId = one.map((n) => `req_${n}`)
const toolCallId = one.map((n) => `call_${n}`)
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined })
const failure = fc.record(
  { code: fc.constant("daemon_lost"), message: text },
  { requiredKeys: ["code", "message"] },
)
const kind = fc.constantFrom("read", "edit", "execute", "other")
const content = fc.array(
  fc.oneof(
    fc.record({ type: fc.constant("text"), text }),
    fc.record({ type: fc.constant("diff"), path: text, oldText: fc.option(text), newText: text }),
  ),
  { maxLength: 1 },
)
const call = {
  toolCallId,
  turnId,
  title: text,
  kind,
  content,
  locations: fc.constant([{ path: "/a", line: 3 }]),
}
const is = (type: SessionEvent["type"]) => fc.constant(type)

const said = fc.oneof(
  fc.record({
    type: is("user_message"),
    messageId,
    text,
    attachments: maybe(fc.constant([{ type: "file", path: "a b.md", name: "a" }])),
  }),
  fc.record({ type: is("message_withdrawn"), messageId }),
  fc.record({ type: is("message_steered"), turnId, messageId }),
  fc.record({ type: is("turn_started"), turnId, messageId: maybe(messageId), cause: fc.constant("user") }),
  fc.record({ type: is("agent_message_chunk"), turnId, messageId, text }),
  fc.record({ type: is("agent_thought_chunk"), turnId, messageId, text }),
  fc.record({ type: is("message_reset"), turnId, messageId }),
  fc.record({ type: is("agent_message"), turnId, messageId, text }),
  fc.record({
    type: is("plan"),
    turnId,
    entries: fc.constant([{ content: "x", priority: "high", status: "pending" }]),
  }),
  fc.record({
    type: is("notice"),
    severity: fc.constant("info"),
    category: text,
    title: text,
    hint: maybe(text),
  }),
  fc.record({
    type: is("usage"),
    turnId,
    inputTokens: one,
    outputTokens: one,
    costUsd: maybe(fc.constant(0.1)),
  }),
  fc.record({
    type: is("turn_ended"),
    turnId,
    stopReason: fc.constantFrom("end_turn", "cancelled", "error"),
  }),
)
const done = fc.oneof(
  fc.record({ type: is("tool_call"), ...call, status: fc.constant("in_progress"), input: maybe(fc.json()) }),
  fc.record({
    type: is("tool_call_update"),
    turnId,
    toolCallId,
    status: maybe(fc.constantFrom("completed", "failed")),
    input: maybe(fc.constant({ a: null })),
    appendOutput: maybe(text),
    exitCode: maybe(fc.constantFrom(0, null)),
  }),
  fc.record({
    type: is("permission_request"),
    ...call,
    requestId,
    inputHash: text,
    input: maybe(fc.constant({ command: "ls" })),
    decisions: fc.constant(["allow", "deny"]),
    touches: maybe(fc.record({ hash: text, words: maybe(fc.constant(["ls"])) })),
  }),
  fc.record({
    type: is("permission_resolved"),
    requestId,
    decision: fc.constantFrom("allow", "deny", "cancelled"),
    delivered: fc.boolean(),
    by: fc.constant("user"),
    note: maybe(text),
  }),
  fc.record({
    type: is("permission_ruled"),
    ...{ toolCallId, turnId, title: text, kind, reason: text },
    decision: fc.constant("allow"),
    by: fc.constant("rule"),
  }),
)
const stood = fc.oneof(
  fc.record({
    type: is("session_started"),
    ...{ agentType: text, workingDir: text, pid: one, startTime: text, bootId: text, host: text },
    ...{ incarnation: text, version: text, permissionMode: fc.constant("ask") },
    model: maybe(text),
  }),
  fc.record({
    type: is("limit_reached"),
    kind: fc.constant("rate"),
    message: text,
    until: fc.constant(null),
    resumes: fc.boolean(),
  }),
  fc.record({
    type: is("checkpoint"),
    ...{
      n: fc.constant(1),
      when: fc.constant("after_turn"),
      commit: text,
      tree: text,
      head: fc.constant(null),
    },
    changed: fc.constant({ files: 1, added: 2, removed: 3 }),
    leftOut: maybe(fc.constant({ count: 1, files: [{ path: "big", why: "too_large", bytes: 9 }] })),
    note: maybe(text),
  }),
  fc.record({ type: is("files_refused"), requestId, error: failure }),
  fc.record({ type: is("session_interrupted"), error: failure }),
  fc.record({ type: is("session_failed"), error: failure }),
)

/** As they come out of a stream: what is `undefined` is not there. Some are of a later writer, some are repeats. */
export const anyEvents = fc
  .array(fc.record({ event: fc.oneof(said, done, stood), later: fc.nat(20), repeat: fc.nat(12) }), {
    maxLength: 60,
  })
  .map((drawn) => {
    const events: SessionEvent[] = []
    let epoch = 1
    let seq = 0
    for (const { event, later, repeat } of drawn) {
      if (later === 0) epoch += 1
      const stamp = { id: `evt_${seq}`, seq: seq++, epoch, at: "2026-01-01T00:00:00.000Z" }
      events.push(JSON.parse(JSON.stringify({ ...event, ...stamp })))
      const again = repeat === 0 ? events[Math.max(0, events.length - 3)] : undefined
      if (again) events.push(again)
    }
    return events
  })
