import { expect, test } from "vitest"
import { historyOf, messagesOf, withoutCutText } from "#daemon/agents/openai/history"
import { MessageId, RequestId, TurnId } from "#streams/ids"
import type { Item, ItemOf } from "#streams/session"

const turnId = TurnId.parse("turn_a")
const place = { seq: 0, at: "" }

const user = (text: string, asked = true): Item => ({
  ...place,
  key: `msg_${text}`,
  type: "user",
  messageId: MessageId.parse("msg_a"),
  text,
  turnId: asked ? turnId : null,
})
const said = (step: number, text: string): Item => ({
  ...place,
  key: `text_n1_s${step}/message`,
  type: "message",
  turnId,
  text,
  done: true,
})
const tool = (toolCallId: string, changed: Partial<ItemOf<"tool">> = {}): Item => ({
  ...place,
  key: `tool/${toolCallId}`,
  type: "tool",
  turnId,
  toolCallId,
  title: "",
  kind: "other",
  status: "completed",
  locations: [],
  input: { path: "a" },
  content: [],
  output: `output of ${toolCallId}`,
  outputTruncated: false,
  interrupted: false,
  ...changed,
})
const asked = (toolCallId: string, decision: ItemOf<"permission">["decision"]): Item => ({
  ...place,
  key: `req_${toolCallId}`,
  type: "permission",
  request: {
    requestId: RequestId.parse("req_a"),
    turnId,
    toolCallId,
    title: "",
    kind: "other",
    input: {},
    inputHash: "",
    content: [],
    decisions: [],
  },
  decision,
  by: null,
})
const cut = { status: "failed", interrupted: true, output: "" } as const

test("what was said in a step and the calls of that step are one message of the assistant", () => {
  const a = "read_file_n1_s0_c0_r0"
  const b = "list_dir_n1_s0_c1_r0"
  expect(messagesOf(historyOf([user("hi"), said(0, "I look."), tool(a), tool(b), said(1, "Done.")]))).toEqual(
    [
      { role: "user", content: "hi" },
      {
        role: "assistant",
        content: [
          { type: "text", text: "I look." },
          { type: "tool-call", toolCallId: a, toolName: "read_file", input: { path: "a" } },
          { type: "tool-call", toolCallId: b, toolName: "list_dir", input: { path: "a" } },
        ],
      },
      {
        role: "tool",
        content: [
          {
            type: "tool-result",
            toolCallId: a,
            toolName: "read_file",
            output: { type: "text", value: `output of ${a}` },
          },
          {
            type: "tool-result",
            toolCallId: b,
            toolName: "list_dir",
            output: { type: "text", value: `output of ${b}` },
          },
        ],
      },
      { role: "assistant", content: [{ type: "text", text: "Done." }] },
    ],
  )
})

test("messages that wait in the queue are not told yet", () => {
  expect(historyOf([user("now"), user("later", false)])).toEqual([{ role: "user", text: "now" }])
})

test.each([
  ["never asked for and cut off", [], "not known"],
  ["allowed and cut off", [asked("bash_n1_s0_c0_r0", "allow")], "not known"],
  ["cut off while it waited", [asked("bash_n1_s0_c0_r0", null)], "cut off before it ran"],
  ["cancelled while it waited", [asked("bash_n1_s0_c0_r0", "cancelled")], "cut off before it ran"],
])("a call that was %s has a result that says so", (_, permissions, sentence) => {
  const messages = messagesOf(historyOf([tool("bash_n1_s0_c0_r0", cut), ...permissions]))
  expect(JSON.stringify(messages.at(-1))).toContain(sentence)
})

test("a call that was made again takes the place of its first attempt", () => {
  const items = [
    tool("bash_n1_s0_c0_r0", cut),
    asked("bash_n1_s0_c0_r0", null),
    tool("list_dir_n1_s0_c1_r0"),
    said(1, "x"),
    tool("bash_n1_s0_c0_r1", { output: "second" }),
  ]
  expect(historyOf(items)).toEqual([
    {
      role: "assistant",
      text: "",
      calls: [
        expect.objectContaining({ toolCallId: "bash_n1_s0_c0_r1", result: "second" }),
        expect.objectContaining({ toolCallId: "list_dir_n1_s0_c1_r0" }),
      ],
    },
    { role: "assistant", text: "x", calls: [] },
  ])
})

test("a text at the end of an interrupted turn is dropped, a text with calls is kept", () => {
  const calls = historyOf([said(0, "I look."), tool("list_dir_n1_s0_c0_r0")])
  expect(withoutCutText(calls)).toEqual(calls)
  expect(
    withoutCutText(historyOf([said(0, "I look."), tool("list_dir_n1_s0_c0_r0"), said(1, "I fou")])),
  ).toEqual(calls)
})

test("ids of other agents do no harm", () => {
  expect(historyOf([tool("toolu_01"), { ...said(0, "hello"), key: "foreign/message" }])).toMatchObject([
    { role: "assistant", calls: [{ tool: "unknown" }] },
    { role: "assistant", text: "hello" },
  ])
})
