/** What `codex-acp` sends, recorded, and what it sends when something goes wrong. */
import { expect, test } from "vitest"
import { codex } from "#daemon/acp/codex"
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

test.each(["acp.codex-acp", "acp.codex-acp.resume"])(
  "all that %s streamed is told, and the whole texts are the previews",
  (name) => {
    expect(saidIn(sessionOf(name, codex))).toBe(streamedIn(turnsOf(name)))
  },
)

test("output and exit code of a command are found beside the update", () => {
  const tools = toolsIn(sessionOf("acp.codex-acp", codex))
  expect(tools.map(({ title, status, output, exitCode }) => [title, status, output, exitCode])).toEqual([
    ["echo hi > made.txt && cat made.txt", "completed", "hi\n", 0],
    ["echo no > denied.txt", "failed", "", null],
    ['printf %s "abc" > w.txt', "completed", "", 0],
    ["echo z > z.txt", "failed", "", null],
  ])
})

test("its tokens are those of its turns, and a turn that was cancelled tells none", () => {
  const session = sessionOf("acp.codex-acp", codex)
  expect(session.usage).toEqual({
    inputTokens: 10887 + 22210 + 11319 + 23353 + 11982 + 12151,
    outputTokens: 40 + 61 + 28 + 60 + 77 + 28,
    costUsd: null,
  })
  expect(session.context).toEqual({ used: 12179, size: 258_400 })
})

const text = (said: string, messageId?: string) => ({
  sessionUpdate: "agent_message_chunk",
  ...(messageId !== undefined && { messageId }),
  content: { type: "text", text: said },
})

test("live output is appended as it comes", () => {
  const delta = (data: string) => ({
    sessionUpdate: "tool_call_update",
    toolCallId: "t1",
    _meta: { terminal_output_delta: { data, terminal_id: "t1" } },
  })
  const told = toldBy(storyOf(codex), [
    { sessionUpdate: "tool_call", toolCallId: "t1", title: "run", kind: "execute", status: "in_progress" },
    delta("one\n"),
    delta("two\n"),
    {
      sessionUpdate: "tool_call_update",
      toolCallId: "t1",
      status: "failed",
      _meta: { terminal_exit: { exit_code: 3, signal: null, terminal_id: "t1" } },
    },
  ])
  expect(toolsIn(foldOf(told))).toMatchObject([
    { output: "one\ntwo\n", exitCode: 3, status: "failed", interrupted: false },
  ])
})

test.each([
  [
    "what it gave",
    { result: { content: [{ type: "text", text: "one" }, { type: "image" }] }, error: null },
    "one\n[image]",
  ],
  ["why it gave nothing", { result: null, error: { message: "no such session" } }, "no such session"],
])("of a tool of an MCP server %s is told", (_, rawOutput, output) => {
  const call = { toolCallId: "t1", title: "mcp.agentz.session_wait", kind: "execute" }
  const told = toldBy(storyOf(codex), [
    { sessionUpdate: "tool_call", ...call, status: "in_progress" },
    { sessionUpdate: "tool_call_update", toolCallId: "t1", status: "completed", rawOutput },
  ])
  expect(toolsIn(foldOf(told))).toMatchObject([{ status: "completed", output }])
})

test.each([
  [
    "the failure extension",
    {
      jetbrains: {
        air: {
          version: 1,
          sessionFailure: {
            category: "connection",
            severity: "warning",
            title: "Reconnecting... 1/5",
            actions: [],
          },
        },
      },
    },
  ],
  ["the thread's status", { codex: { error: { message: "Reconnecting... 1/5", willRetry: true } } }],
])("a retry told by %s voids what was streamed of the open message", (_, meta) => {
  const told = toldBy(storyOf(codex), [
    text("half", "m1"),
    { sessionUpdate: "session_info_update", _meta: meta },
    text("the whole", "m2"),
  ])
  expect(messagesIn(told).map((message) => message.text)).toEqual(["the whole"])
  expect(eventsIn(told)).toContainEqual(
    expect.objectContaining({ type: "notice", title: "Reconnecting... 1/5" }),
  )
})

const ended = (...updates: readonly unknown[]) => {
  const story = storyOf(codex)
  for (const update of updates) story.tell({ wire: "update", update }, NOW)
  story.tell({ wire: "response", response: { stopReason: "end_turn" } }, NOW)
  return story
}

test("an error of the service that comes as the agent's words is an error all the same", () => {
  const words =
    "You've hit your usage limit. Visit the settings to purchase more credits or try again in 2 hours 5 minutes.\n\n"
  expect(ended(text("Let me see.", "m1"), text(words)).trouble).toEqual({
    failure: { code: "usage_limit", message: words.trim(), hint: expect.any(String) },
    limit: { kind: "usage", until: "2026-11-25T14:05:00.000Z" },
  })
  expect(ended(text("unexpected status 400 Bad Request: model gone\n\n")).trouble?.failure.code).toBe(
    "provider_error",
  )
  expect(
    ended(text("stream disconnected before completion: error sending request")).trouble?.failure.code,
  ).toBe("provider_unreachable")
})

test("what the model says about errors is none, and neither is a warning with an answer behind it", () => {
  expect(ended(text("The server answers 429: you have hit the rate limit.", "m1")).trouble).toBeNull()
  expect(
    ended(text("Warning: too many requests, 429\n"), text("Here is your answer.", "m1")).trouble,
  ).toBeNull()
})
