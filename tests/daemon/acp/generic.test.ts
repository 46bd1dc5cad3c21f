/** Any agent that keeps to the protocol: our own, recorded, and one that says things nobody else says. */
import { expect, test } from "vitest"
import { dialectOf } from "#daemon/acp/dialects"
import { generic } from "#daemon/acp/generic"
import {
  eventsIn,
  foldOf,
  NOW,
  saidIn,
  sessionOf,
  storyOf,
  streamedIn,
  toldBy,
  toolsIn,
  turnsOf,
} from "./transcript.ts"

test("all that the demo agent streamed is told, and the whole texts are the previews", () => {
  expect(saidIn(sessionOf("acp.demo", generic))).toBe(streamedIn(turnsOf("acp.demo")))
})

test("an agent that is not in the list keeps to the protocol, whatever it is called", () => {
  for (const name of ["acp", "goose", "constructor", "__proto__", ""]) expect(dialectOf(name)).toBe(generic)
})

test("kinds, states and contents that nobody knows become the plainest there are", () => {
  const told = toldBy(storyOf(generic), [
    {
      sessionUpdate: "tool_call",
      toolCallId: "t1",
      title: "Do",
      kind: "levitate",
      status: "hovering",
      locations: [{ path: "/a", line: 1.5 }, { line: 2 }, null],
      content: [{ type: "diff" }, { type: "content", content: { type: "image", data: "…" } }, 7],
    },
    { sessionUpdate: "plan", entries: [{ content: "Look", priority: "urgent", status: "someday" }, {}] },
    { sessionUpdate: "notice", severity: "catastrophe", title: "Hm" },
    { sessionUpdate: "something_new", x: 1 },
  ])
  expect(toolsIn(foldOf(told))).toMatchObject([
    { kind: "other", locations: [{ path: "/a" }], content: [], output: "[image]" },
  ])
  expect(eventsIn(told)).toContainEqual(
    expect.objectContaining({ entries: [{ content: "Look", priority: "medium", status: "pending" }] }),
  )
  expect(eventsIn(told)).toContainEqual(expect.objectContaining({ severity: "info", title: "Hm" }))
})

test("tokens are taken from wherever an agent puts them", () => {
  const tokens = { inputTokens: 5, outputTokens: 7 }
  for (const response of [
    { usage: tokens },
    { _meta: { "agentz/usage": tokens } },
    { _meta: { quota: { token_count: { ...tokens, cachedInputTokens: 2 }, model_usage: [{ model: "m" }] } } },
  ]) {
    const story = storyOf(generic)
    story.tell({ wire: "response", response }, NOW)
    expect(story.reported).toMatchObject(tokens)
  }
})
