import { readFileSync } from "node:fs"
import type { SessionUpdate } from "@agentclientprotocol/sdk"
import { expect, test } from "vitest"
import { type Narrator, narrator } from "#daemon/acp/narrate"
import { META } from "#daemon/agents/adapter"
import { parseEvent, type Unstamped } from "#streams/event"
import { SessionId, type TurnId } from "#streams/ids"
import { emptySession, type ItemOf, type Session } from "#streams/session"
import { foldSession } from "#streams/session-fold"

const turnId = "turn_1" as TurnId

function session(events: readonly Unstamped[]): Session {
  const stamped = events.map((event, seq) => {
    const parsed = parseEvent({ id: `evt_${seq}`, seq, epoch: 1, at: "2026-01-01T00:00:00Z", ...event })
    if (!parsed) throw new Error(`Not an event of ours: ${JSON.stringify(event)}`)
    return parsed
  })
  return foldSession(emptySession(SessionId.parse("ses_test")), stamped)
}

const begin: Unstamped = { type: "turn_started", turnId, cause: "recovery" }
const tell = (story: Narrator, updates: readonly SessionUpdate[]): Unstamped[] => [
  ...updates.flatMap((update) => story.tell(update)),
  ...story.end(),
]
const messages = (events: readonly Unstamped[]): ItemOf<"message">[] =>
  session([begin, ...events]).items.filter((item) => item.type === "message")

const chunk = (text: string, messageId?: string, reset = false): SessionUpdate => ({
  sessionUpdate: "agent_message_chunk",
  content: { type: "text", text },
  ...(messageId !== undefined && { messageId }),
  ...(reset && { _meta: { [META.reset]: true } }),
})

const recorded = ["acp.demo", "acp.claude-acp-latest", "acp.codex-acp", "acp.opencode"]

test.each(recorded)("all that %s streamed is told, and the whole texts equal the previews", (name) => {
  const lines = readFileSync(new URL(`../../fixtures/transcripts/${name}.jsonl`, import.meta.url), "utf8")
    .trim()
    .split("\n")
  const updates: SessionUpdate[] = lines
    .map((line) => JSON.parse(line))
    .filter(({ dir, msg }) => dir === "recv" && msg.method === "session/update")
    .map(({ msg }) => msg.params.update)
  const events = tell(narrator(turnId), updates)

  const streamed = updates.flatMap((update) =>
    update.sessionUpdate === "agent_message_chunk" && update.content.type === "text"
      ? [update.content.text]
      : [],
  )
  const told = events.flatMap((event) => (event.type === "agent_message" ? [event.text] : []))
  const previewed = events.flatMap((event) => (event.type === "agent_message_chunk" ? [event.text] : []))
  expect(streamed.length).toBeGreaterThan(0)
  expect(told.join("")).toBe(streamed.join(""))
  expect(previewed.join("")).toBe(streamed.join(""))

  const calls = new Set(
    updates.flatMap((update) => (update.sessionUpdate === "tool_call" ? [update.toolCallId] : [])),
  )
  const items = session([begin, ...events]).items.filter((item) => item.type === "tool")
  expect(new Set(items.map(({ toolCallId }) => toolCallId))).toEqual(calls)
})

test("a message that a tool call interrupts is told in two parts, in the order in which it was said", () => {
  const events = tell(narrator(turnId), [
    chunk("before ", "m1"),
    { sessionUpdate: "tool_call", toolCallId: "t1", title: "Look" },
    chunk("after", "m1"),
  ])
  expect(session([begin, ...events]).items.map(({ type }) => type)).toEqual(["message", "tool", "message"])
  expect(messages(events).map(({ text }) => text)).toEqual(["before ", "after"])
})

test("a retry voids what was streamed of the open message", () => {
  const events = tell(narrator(turnId), [
    chunk("half of", "m1"),
    chunk("", "m1", true),
    chunk("the whole", "m1"),
  ])
  expect(messages(events)).toMatchObject([{ text: "the whole", done: true }])
})

test("a very long message is told in parts that each fit into an event, and not a character is lost", () => {
  const long = "0123456789".repeat(100_000)
  const events = tell(narrator(turnId), [chunk(long, "m1")])
  expect(
    messages(events)
      .map(({ text }) => text)
      .join(""),
  ).toBe(long)
  for (const event of events) expect(JSON.stringify(event).length).toBeLessThan(512 * 1024)
})

test("output that is too long keeps its beginning and its end and says that it was shortened", () => {
  const output = `begin${"x".repeat(200_000)}end`
  const events = tell(narrator(turnId), [
    { sessionUpdate: "tool_call", toolCallId: "t1", title: "Run" },
    { sessionUpdate: "tool_call_update", toolCallId: "t1", status: "completed", rawOutput: output },
  ])
  const [tool] = session([begin, ...events]).items
  expect(tool).toMatchObject({ outputTruncated: true, status: "completed" })
  expect(tool?.type === "tool" && tool.output).toMatch(/^begin[\s\S]*characters left out[\s\S]*end$/)
})
