/** What `opencode acp` sends, recorded, and how a text is told that a retry repeats under the same id. */
import { expect, test } from "vitest"
import { opencode, withoutRepeat } from "#daemon/acp/opencode"
import { messagesIn, saidIn, sessionOf, storyOf, streamedIn, toldBy, toolsIn, turnsOf } from "./transcript.ts"

test.each(["acp.opencode", "acp.opencode.resume"])(
  "all that %s streamed is told, and the whole texts are the previews",
  (name) => {
    expect(saidIn(sessionOf(name, opencode))).toBe(streamedIn(turnsOf(name)))
  },
)

test("a call gets the title that comes later, and its live output once", () => {
  const tools = toolsIn(sessionOf("acp.opencode", opencode))
  expect(tools.map(({ title, status, output }) => [title, status, output.slice(0, 24)])).toEqual([
    ["echo hi > made.txt && cat made.txt", "completed", "hi\n"],
    ["echo no > denied.txt", "failed", "The user rejected permis"],
    ["tmp/agents/w/acp-opencode/w.txt", "completed", "Wrote file successfully."],
    ["echo z > z.txt", "failed", "Tool execution aborted"],
  ])
})

test("its cost is what its counter went up by, also over a resume, and a cut turn does not empty the context", () => {
  const session = sessionOf("acp.opencode", opencode)
  expect(session.usage.costUsd).toBeCloseTo(0.055611, 9)
  expect(session.context).toEqual({ used: 8177, size: 128_000 })
  const resumed = sessionOf("acp.opencode.resume", opencode, session.reportedCostUsd)
  expect(resumed.usage.costUsd).toBeCloseTo(0.064124 - 0.055611, 9)
})

const chunks = (...texts: readonly string[]) =>
  texts.map((text) => ({
    sessionUpdate: "agent_message_chunk",
    messageId: "m1",
    content: { type: "text", text },
  }))
const said = (...texts: readonly string[]) =>
  messagesIn(toldBy(storyOf(opencode), chunks(...texts)))
    .map(({ text }) => text)
    .join("")

test("a text that is begun again word for word is told once, however often it was cut off", () => {
  const words = ["The first words of the answer, ", "then some more of them, ", "and the end."]
  const [one = "", two = "", three = ""] = words
  expect(said(one, two, one, two, three)).toBe(words.join(""))
  expect(said(one, two.slice(0, 9), one, two, one, two, three)).toBe(words.join(""))
})

test("a text that only looks repeated is left as it is", () => {
  const line = "This is one and the same line, again and again.\n"
  expect(said(line, line, line, line)).toBe(line.repeat(4))
  expect(said("no ", "no ", "never")).toBe("no no never")
  expect(said("The answer was going to be something ", "The answer is something else.")).toBe(
    "The answer was going to be something The answer is something else.",
  )
  const long = "x".repeat(200_000)
  expect(
    withoutRepeat(
      long,
      Array.from({ length: 100_000 }, (_, n) => 2 * n),
    ),
  ).toBe(long)
})
