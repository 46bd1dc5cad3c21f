/** What `claude-agent-acp` sends, recorded from two versions of it, and what it sends when something goes wrong. */
import { expect, test } from "vitest"
import { claude } from "#daemon/acp/claude"
import { costSince } from "#daemon/acp/usage"
import {
  eventsIn,
  foldOf,
  messagesIn,
  NOW,
  saidIn,
  sessionOf,
  storyOf,
  streamedIn,
  toldBy,
  toolsIn,
  turnsOf,
} from "./transcript.ts"

const recorded = [
  "acp.claude-acp-latest",
  "acp.claude-acp-0.49",
  "acp.claude-acp-latest.resume",
  "acp.claude-acp-0.49.resume",
]

test.each(recorded)("all that %s streamed is told, and the whole texts are the previews", (name) => {
  const streamed = streamedIn(turnsOf(name))
  expect(streamed).not.toBe("")
  expect(saidIn(sessionOf(name, claude))).toBe(streamed)
})

test("a command has its own title and its plain output, without the fence around it", () => {
  const tools = toolsIn(sessionOf("acp.claude-acp-latest", claude))
  expect(tools.map(({ title, status, output }) => [title, status, output.slice(0, 35)])).toEqual([
    ["echo hi > made.txt && cat made.txt", "completed", "hi"],
    ["echo no > denied.txt", "failed", "User refused permission to run tool"],
    ["Write w.txt", "completed", "File created successfully at: $WORK"],
    ["echo z > z.txt", "failed", "The user doesn't want to proceed wi"],
  ])
  expect(tools[2]?.content).toMatchObject([{ type: "diff", oldText: null, newText: "abc" }])
  expect(tools.every(({ interrupted }) => !interrupted)).toBe(true)
})

test("the cost of its turns adds up to what it reported last, and its tokens to those of its turns", () => {
  const session = sessionOf("acp.claude-acp-latest", claude)
  expect(session.usage.costUsd).toBeCloseTo(0.681234, 9)
  expect(session.usage.inputTokens).toBe(21093 + 42496 + 42902 + 43362 + 0 + 22165 + 22295 + 22480)
  expect(session.context).toEqual({ used: 22536, size: 200_000 })
  expect(session.answeredBy).toBe("claude-sonnet-4-5")
})

test("after a resume a counter that goes on and one that began anew both give what was spent since", () => {
  const latest = sessionOf("acp.claude-acp-latest", claude)
  const goesOn = sessionOf("acp.claude-acp-latest.resume", claude, latest.reportedCostUsd)
  expect(goesOn.usage.costUsd).toBeCloseTo(0.753309 - 0.681234, 9)
  const older = sessionOf("acp.claude-acp-0.49", claude)
  const anew = sessionOf("acp.claude-acp-0.49.resume", claude, older.reportedCostUsd)
  expect(anew.usage.costUsd).toBeCloseTo(0.093561, 9)
  expect(costSince(0.3, 0.1)).toBe(0.2)
})

const text = (messageId: string, said: string) => ({
  sessionUpdate: "agent_message_chunk",
  messageId,
  content: { type: "text", text: said },
})
const failure = (record: Record<string, unknown>) => ({
  sessionUpdate: "session_info_update",
  _meta: {
    jetbrains: { air: { version: 1, sessionFailure: { id: "x", revision: 1, actions: [], ...record } } },
  },
})
const retrying = failure({
  category: "connection",
  severity: "warning",
  title: "Reconnecting to Claude, attempt 1 of 4.",
})

test("a new message right after a retry replaces the one that was cut off", () => {
  const told = toldBy(storyOf(claude), [text("m1", "word1 wo"), retrying, text("m2", "word1 word2")])
  expect(messagesIn(told)).toMatchObject([{ text: "word1 word2", done: true }])
  const types = eventsIn(told).map(({ type }) => type)
  expect(types).toEqual([
    "agent_message_chunk",
    "notice",
    "message_reset",
    "agent_message_chunk",
    "agent_message",
  ])
  expect(eventsIn(told)[1]).toMatchObject({ severity: "warning", retry: { attempt: 1, max: 4 } })
})

test("a text that a retry replaces by a call is void as well", () => {
  const told = toldBy(storyOf(claude), [
    text("m1", "I will lo"),
    retrying,
    { sessionUpdate: "tool_call", toolCallId: "t1", title: "Terminal", status: "pending" },
  ])
  expect(messagesIn(told)).toMatchObject([{ text: "" }])
})

test("a message that goes on under its own id after a retry notice is not cut", () => {
  const told = toldBy(storyOf(claude), [text("m1", "one "), retrying, text("m1", "two")])
  expect(messagesIn(told).map((message) => message.text)).toEqual(["one two"])
})

test("a new message without a retry before it is another message", () => {
  const advice = failure({ category: "unknown", severity: "warning", title: "Careful." })
  const told = toldBy(storyOf(claude), [text("m1", "one"), advice, text("m2", "two")])
  expect(messagesIn(told).map((message) => message.text)).toEqual(["one", "two"])
})

const endedWith = (record: Record<string, unknown>, ...updates: readonly unknown[]) => {
  const story = storyOf(claude)
  for (const update of updates) story.tell({ wire: "update", update }, NOW)
  const { _meta } = failure({ severity: "error", ...record })
  story.tell({ wire: "response", response: { stopReason: "end_turn", _meta } }, NOW)
  return story
}

test("a failure that comes with a good stop reason ends the turn as failed, with what to do", () => {
  const cases = [
    [
      { category: "limit", actions: ["retry"], title: "Claude is temporarily rate limited." },
      "provider_rate_limited",
    ],
    [{ category: "limit", actions: [], title: "You've hit your session limit" }, "usage_limit"],
    [
      {
        category: "limit",
        actions: ["new_session"],
        title: "This Claude turn reached its configured limit.",
      },
      "context_too_long",
    ],
    [
      {
        category: "limit",
        actions: ["new_session"],
        title: "This Claude session reached its configured budget.",
      },
      "agent_budget",
    ],
    [
      { category: "service", actions: ["retry"], title: "Claude is temporarily overloaded." },
      "provider_overloaded",
    ],
    [
      { category: "service", actions: ["retry"], title: "The model provider reported an error." },
      "provider_unavailable",
    ],
    [
      { category: "connection", actions: ["new_session"], title: "The connection to Claude was lost." },
      "provider_unreachable",
    ],
    [{ category: "access", actions: ["login"], title: "Sign in to continue using Claude." }, "provider_auth"],
    [{ category: "request", title: "model: claude-nope not found" }, "model_unknown"],
    [{ category: "request", title: "Claude could not process this request." }, "provider_error"],
  ] as const
  for (const [record, code] of cases) {
    const { trouble } = endedWith(record)
    expect(trouble?.failure, record.title).toMatchObject({ code, message: record.title })
    expect(trouble?.failure.hint).toMatch(/\w/)
  }
})

test("a usage limit tells when it is lifted, from the words or from the event before it", () => {
  const limit = { category: "limit", title: "You've hit your session limit · resets 3pm (UTC)" }
  expect(endedWith(limit).trouble?.limit).toEqual({ kind: "usage", until: "2026-11-25T15:00:00.000Z" })
  const event = {
    sessionUpdate: "usage_update",
    used: 1,
    size: 2,
    _meta: { "_claude/rateLimit": { status: "rejected", resetsAt: 1_795_000_000 } },
  }
  const story = endedWith({ category: "limit", title: "You've hit your session limit" }, event)
  expect(story.trouble?.limit).toEqual({ kind: "usage", until: null })
  expect(story.limit?.until).toBe(new Date(1_795_000_000_000).toISOString())
})

test("a call that it tells twice is one call", () => {
  const call = { sessionUpdate: "tool_call", toolCallId: "t1", title: "Terminal", kind: "execute" }
  const told = toldBy(storyOf(claude), [call, { ...call, title: "ls" }])
  expect(toolsIn(foldOf(told)).map(({ title }) => title)).toEqual(["ls"])
})
