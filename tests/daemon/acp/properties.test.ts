/** What holds for every dialect, whatever an agent sends and wherever it is cut off. */
import fc from "fast-check"
import { expect, test } from "vitest"
import { claude } from "#daemon/acp/claude"
import { codex } from "#daemon/acp/codex"
import { generic } from "#daemon/acp/generic"
import { opencode } from "#daemon/acp/opencode"
import type { Wire } from "#daemon/acp/said"
import { usageEvent } from "#daemon/acp/usage"
import { redactor } from "#daemon/redact"
import { eventsIn, foldOf, messagesIn, NOW, storyOf, toldBy, turnId, turnsOf } from "./transcript.ts"

const dialects = { generic, claude, codex, opencode }
const each = Object.entries(dialects)

const recordings = [
  ["acp.demo", generic],
  ["acp.claude-acp-latest", claude],
  ["acp.claude-acp-0.49", claude],
  ["acp.codex-acp", codex],
  ["acp.opencode", opencode],
] as const

const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
const run = <Values>(property: fc.IProperty<Values>, runs = 300) =>
  fc.assert(property, { seed, numRuns: runs, endOnFailure: true })

/** A text, and places to cut it at. */
const cutText = fc
  .tuple(
    fc.string({ unit: "binary", minLength: 1, maxLength: 400 }),
    fc.array(fc.nat(400), { maxLength: 20 }),
  )
  .map(([text, cuts]) => {
    const places = [...new Set([0, ...cuts.filter((cut) => cut < text.length), text.length])].sort(
      (a, b) => a - b,
    )
    return { text, pieces: places.slice(1).map((end, index) => text.slice(places[index], end)) }
  })

test.each(each)("%s: however a text is cut into pieces, the whole is the same", (name, dialect) => {
  run(
    fc.property(
      cutText,
      fc.constantFrom("sk-canary-1234567890", "aaaaaaaaab"),
      ({ text, pieces }, secret) => {
        const redact = redactor({ KEY: secret })
        const chunks = pieces.map((piece) => ({
          sessionUpdate: "agent_message_chunk",
          messageId: "m",
          content: { type: "text", text: piece },
        }))
        const told = toldBy(storyOf(dialect, { redactor: redact }), chunks)
        const said = messagesIn(told).map((message) => message.text)
        // OpenCode's rule may find that a text was said twice.
        if (name !== "opencode") expect(said.join("")).toBe(redact.text(text))
        else expect(redact.text(text).endsWith(said.join(""))).toBe(true)
        const previewed = eventsIn(told).map((event) =>
          event.type === "agent_message_chunk" ? event.text : "",
        )
        expect(previewed.join("")).toBe(redact.text(text))
      },
    ),
  )
})

test("a secret that is cut anywhere, and stands anywhere, is found", () => {
  const secret = "sk-canary-1234567890"
  run(
    fc.property(fc.string(), fc.string(), fc.array(fc.nat(60), { maxLength: 8 }), (before, after, cuts) => {
      const text = `${before}${secret}${after}`
      const places = [...new Set([0, ...cuts.filter((cut) => cut < text.length), text.length])].sort(
        (a, b) => a - b,
      )
      const redact = redactor({ KEY: secret })
      let held = ""
      let told = ""
      for (const [index, end] of places.slice(1).entries()) {
        const piece = redact.piece(held + text.slice(places[index], end))
        told += piece.told
        held = piece.held
      }
      expect(told + redact.text(held)).toBe(`${before}[redacted KEY]${after}`)
    }),
  )
})

test.each(recordings)("%s cut off anywhere, then ended: nothing stays open", (name, dialect) => {
  const wires = turnsOf(name).flatMap((turn) => turn.wires)
  run(
    fc.property(fc.nat(wires.length), (length) => {
      const story = storyOf(dialect)
      const told = [...wires.slice(0, length).flatMap((wire) => story.tell(wire, NOW)), ...story.end()]
      for (const item of foldOf(told).items) {
        if (item.type === "message") expect(item.done).toBe(true)
        if (item.type === "tool") expect(["completed", "failed"]).toContain(item.status)
      }
      expect(story.end()).toEqual([])
    }),
    100,
  )
})

/** Values that look like the real ones, with anything in the place of anything. */
const anything = fc.anything({
  withNullPrototype: true,
  withBigInt: false,
  maxDepth: 3,
  maxKeys: 4,
})
const kinds = [
  "agent_message_chunk",
  "agent_thought_chunk",
  "tool_call",
  "tool_call_update",
  "plan",
  "notice",
  "usage_update",
  "session_info_update",
  "nonsense",
]
const fieldNames = ["messageId", "content", "toolCallId", "title", "kind", "status", "locations", "rawInput"]
const more = [
  "rawOutput",
  "entries",
  "severity",
  "used",
  "size",
  "cost",
  "_meta",
  "stopReason",
  "usage",
  "__proto__",
]
const metaNames = [
  "terminal_output_delta",
  "terminal_exit",
  "jetbrains",
  "codex",
  "_claude/rateLimit",
  "quota",
  "claudeCode",
]
const plausible = fc.oneof(
  anything,
  fc.constantFrom("t1", "m1", "completed", "failed", "in_progress", ""),
  fc.record({
    type: fc.constantFrom("text", "diff", "content"),
    text: anything,
    path: anything,
    newText: anything,
  }),
  fc.array(fc.oneof(anything, fc.record({ type: fc.constantFrom("diff", "content"), content: anything })), {
    maxLength: 3,
  }),
  fc.dictionary(
    fc.constantFrom(...metaNames, "data", "air", "sessionFailure", "error", "exit_code"),
    anything,
  ),
)
const malformed: fc.Arbitrary<Wire> = fc
  .record({
    kind: fc.constantFrom(...kinds),
    fields: fc.dictionary(fc.constantFrom(...fieldNames, ...more), plausible, { maxKeys: 6 }),
    bare: anything,
    which: fc.nat(9),
  })
  .map(({ kind, fields, bare, which }): Wire => {
    if (which === 0) return { wire: "update", update: bare }
    if (which === 1) return { wire: "response", response: bare }
    if (which === 2) return { wire: "response", response: fields }
    return { wire: "update", update: { ...fields, sessionUpdate: kind } }
  })

test.each(each)(
  "%s: ten thousand malformed messages crash nothing and give events that can be read",
  (_, dialect) => {
    run(
      fc.property(fc.array(malformed, { minLength: 10, maxLength: 10 }), (wires) => {
        const story = storyOf(dialect, { redactor: redactor({ KEY: "sk-canary-1234567890" }) })
        const told = [...wires.flatMap((wire) => story.tell(wire, NOW)), ...story.end()]
        const usage = usageEvent(turnId, story.reported, 1)
        foldOf([...told, ...(usage ? [usage] : [])])
      }),
      1_000,
    )
  },
)
