import type { SessionUpdate } from "@agentclientprotocol/sdk"
import { expect, test } from "vitest"
import { generic } from "#daemon/acp/generic"
import { META } from "#daemon/agents/adapter"
import { redactor } from "#daemon/redact"
import { blobsIn, eventsIn, foldOf, messagesIn, storyOf, toldBy, toolsIn } from "./transcript.ts"

const tell = (updates: readonly SessionUpdate[]) => toldBy(storyOf(generic), updates)
const chunk = (text: string, messageId?: string, reset = false): SessionUpdate => ({
  sessionUpdate: "agent_message_chunk",
  content: { type: "text", text },
  ...(messageId !== undefined && { messageId }),
  ...(reset && { _meta: { [META.reset]: true } }),
})

test("a message that a tool call interrupts is told in two parts, in the order in which it was said", () => {
  const events = tell([
    chunk("before ", "m1"),
    { sessionUpdate: "tool_call", toolCallId: "t1", title: "Look" },
    chunk("after", "m1"),
  ])
  expect(foldOf(events).items.map(({ type }) => type)).toEqual(["message", "tool", "message"])
  expect(messagesIn(events).map(({ text }) => text)).toEqual(["before ", "after"])
})

test("a retry voids what was streamed of the open message", () => {
  const events = tell([chunk("half of", "m1"), chunk("", "m1", true), chunk("the whole", "m1")])
  expect(messagesIn(events)).toMatchObject([{ text: "the whole", done: true }])
})

test("a very long message is told in parts that each fit into an event, and not a character is lost", () => {
  const long = "0123456789".repeat(100_000)
  const events = tell([chunk(long, "m1")])
  expect(
    messagesIn(events)
      .map(({ text }) => text)
      .join(""),
  ).toBe(long)
  for (const event of eventsIn(events)) expect(JSON.stringify(event).length).toBeLessThan(512 * 1024)
})

test("output that is too long keeps its beginning and its end and says that it was shortened", () => {
  const output = `begin${"x".repeat(200_000)}end`
  const events = tell([
    { sessionUpdate: "tool_call", toolCallId: "t1", title: "Run" },
    { sessionUpdate: "tool_call_update", toolCallId: "t1", status: "completed", rawOutput: output },
  ])
  const [tool] = toolsIn(foldOf(events))
  expect(tool).toMatchObject({ outputTruncated: true, status: "completed" })
  expect(tool?.output).toMatch(/^begin[\s\S]*characters left out[\s\S]*end$/)
})

test("output that is too long is kept whole in a blob, which comes before the event that names it", () => {
  const output = `begin${"ü".repeat(600_000)}end`
  const told = tell([
    { sessionUpdate: "tool_call", toolCallId: "t1", title: "Run" },
    { sessionUpdate: "tool_call_update", toolCallId: "t1", status: "completed", rawOutput: output },
  ])
  expect(told.map(({ type }) => type)).toEqual(["tool_call", "blob", "tool_call_update"])
  expect(blobsIn(told)).toEqual([output])
  const [tool] = toolsIn(foldOf(told))
  expect(tool?.outputBlob).toEqual({
    blob: expect.stringMatching(/^ses_test\/blob-[0-9a-f]{32}$/),
    bytes: Buffer.byteLength(output),
  })
  for (const event of eventsIn(told)) expect(JSON.stringify(event).length).toBeLessThan(512 * 1024)
})

test("output that comes in many pieces costs little more to tell than its cap, and all of it is in the blob", () => {
  const line = "0123456789".repeat(100)
  const told = tell([
    { sessionUpdate: "tool_call", toolCallId: "t1", title: "Run" },
    ...Array.from({ length: 5_000 }, () => ({
      sessionUpdate: "tool_call_update" as const,
      toolCallId: "t1",
      _meta: { [META.outputDelta]: line },
    })),
    { sessionUpdate: "tool_call_update", toolCallId: "t1", status: "completed" },
  ])
  expect(blobsIn(told)).toEqual([line.repeat(5_000)])
  expect(JSON.stringify(eventsIn(told)).length).toBeLessThan(1024 * 1024)
  expect(toolsIn(foldOf(told))[0]).toMatchObject({ status: "completed", outputTruncated: true })
})

test("output over the limit of a blob keeps its beginning and its end, and the blob says what is left out", () => {
  const line = "0123456789".repeat(100_000)
  const told = tell([
    { sessionUpdate: "tool_call", toolCallId: "t1", title: "Run" },
    ...Array.from({ length: 20 }, (_, n) => ({
      sessionUpdate: "tool_call_update" as const,
      toolCallId: "t1",
      _meta: { [META.outputDelta]: n === 19 ? `${line}the end` : line },
    })),
    { sessionUpdate: "tool_call_update", toolCallId: "t1", status: "failed" },
  ])
  const [blob = ""] = blobsIn(told)
  expect(Buffer.byteLength(blob)).toBeLessThan(16 * 1024 * 1024)
  expect(blob).toMatch(/^0123[\s\S]*characters left out: a blob holds no more[\s\S]*the end$/)
  const [call] = toolsIn(foldOf(told))
  expect(call?.output).toMatch(/^0123[\s\S]*the end$/)
  const leftOut = Number(/… ([\d,]+) characters left out/.exec(blob)?.[1]?.replaceAll(",", ""))
  expect(call?.outputBlob).toMatchObject({ leftOut })
  expect(blob.replace(/\n… .* …\n/, "").length + leftOut).toBe(20_000_000 + "the end".length)
})

test("sixteen million plain letters are kept whole, and nothing is said to be missing", () => {
  const delta = (length: number) => ({
    sessionUpdate: "tool_call_update" as const,
    toolCallId: "t1",
    _meta: { [META.outputDelta]: "x".repeat(length) },
  })
  const told = tell([
    { sessionUpdate: "tool_call", toolCallId: "t1", title: "Run" },
    // The last one has no room behind the others, and is no more than the end that is kept in any case.
    ...[...Array.from({ length: 16 }, () => 1_000_000), 500_000, 60_000].map(delta),
    { sessionUpdate: "tool_call_update", toolCallId: "t1", status: "completed" },
  ])
  const [blob = ""] = blobsIn(told)
  expect(blob.length).toBe(16_560_000)
  expect(blob).not.toContain("left out")
  expect(toolsIn(foldOf(told))[0]?.outputBlob?.leftOut).toBeUndefined()
})

test("what an agent repeats of an output is not told again, and what it adds is appended", () => {
  const update = (text: string): SessionUpdate => ({
    sessionUpdate: "tool_call_update",
    toolCallId: "t1",
    content: [{ type: "content", content: { type: "text", text } }],
  })
  const told = tell([
    { sessionUpdate: "tool_call", toolCallId: "t1", title: "Run" },
    update("one\n"),
    update("one\n"),
    update("one\ntwo\n"),
  ])
  const outputs = eventsIn(told).flatMap((event) =>
    event.type === "tool_call_update" ? [event.output ?? event.appendOutput ?? ""] : [],
  )
  expect(outputs.slice(0, 3)).toEqual(["one\n", "", "two\n"])
  expect(toolsIn(foldOf(told))[0]?.output).toBe("one\ntwo\n")
})

test("a call that has no end when its turn ends is closed as cut off", () => {
  const told = tell([{ sessionUpdate: "tool_call", toolCallId: "t1", title: "Run", status: "in_progress" }])
  expect(eventsIn(told).at(-1)).toMatchObject({ toolCallId: "t1", status: "failed", interrupted: true })
  expect(toolsIn(foldOf(told))).toMatchObject([{ status: "failed", interrupted: true }])
})

test("an update of a call that was never told makes the call", () => {
  const told = tell([
    { sessionUpdate: "tool_call_update", toolCallId: "t1", status: "completed", rawOutput: "x" },
  ])
  expect(toolsIn(foldOf(told))).toMatchObject([{ title: "Tool call", status: "completed", output: "x" }])
})

test("a secret is never told, in one piece or in many, in text, thought, input, output or blob", () => {
  const secret = "sk-canary-1234567890"
  const story = storyOf(generic, { redactor: redactor({ API_KEY: secret }) })
  const letters = [...`a ${secret} b`]
  const told = toldBy(story, [
    ...letters.map((letter) => chunk(letter, "m1")),
    ...letters.map((letter) => ({ ...chunk(letter, "m2"), sessionUpdate: "agent_thought_chunk" })),
    {
      sessionUpdate: "tool_call",
      toolCallId: "t1",
      title: `echo ${secret}`,
      rawInput: { [secret]: [secret] },
    },
    ...["a".repeat(100_000), ...letters].map((data) => ({
      sessionUpdate: "tool_call_update",
      toolCallId: "t1",
      _meta: { [META.outputDelta]: data },
    })),
    { sessionUpdate: "tool_call_update", toolCallId: "t1", status: "completed" },
    { sessionUpdate: "notice", severity: "error", title: `refused ${secret}` },
    // Cut off in the middle of what may become the secret: told as it is.
    chunk(`end ${secret.slice(0, 10)}`, "m3"),
  ])
  const all = JSON.stringify(eventsIn(told)) + blobsIn(told).join("")
  expect(all).not.toContain(secret)
  const texts = messagesIn(told).map(({ text }) => text)
  expect(texts).toEqual(["a [redacted API_KEY] b", `end ${secret.slice(0, 10)}`])
  const previewed = eventsIn(told).map((event) => (event.type === "agent_message_chunk" ? event.text : ""))
  expect(previewed.join("")).toBe(texts.join(""))
  expect(blobsIn(told)[0]).toMatch(/^a+ \[redacted API_KEY\] b$/)
})

test("no event is larger than a stream takes, whatever the agent sends in one message", () => {
  const nasty = "\u0001".repeat(1_500_000)
  const told = tell([
    chunk(nasty, "m1"),
    {
      sessionUpdate: "tool_call",
      toolCallId: "t1",
      title: nasty,
      rawInput: { text: nasty },
      rawOutput: nasty,
      locations: Array.from({ length: 2_000 }, () => ({ path: "/a/b".repeat(200) })),
      content: Array.from({ length: 2_000 }, (_, n) => ({
        type: "diff" as const,
        path: `/${n}`,
        oldText: null,
        newText: nasty.slice(0, n === 0 ? 190_000 : 20_000),
      })),
    },
    { sessionUpdate: "plan", entries: [{ content: nasty, priority: "low", status: "pending" }] },
    { sessionUpdate: "notice", severity: "info", title: nasty },
  ])
  for (const event of eventsIn(told))
    expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThan(1024 * 1024)
  expect(toolsIn(foldOf(told))[0]?.content[0]).toMatchObject({
    type: "text",
    text: "/0: too large to show here.",
  })
})
