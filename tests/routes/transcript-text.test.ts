import { expect, test } from "vitest"
import { changedFiles } from "../../routes/-app/changes.ts"
import { completionAt, mentionedFiles } from "../../routes/-app/completion.ts"
import { transcriptParts } from "../../routes/-app/transcript-rows.ts"
import { findItems, markdownOf } from "../../routes/-app/transcript-text.ts"
import { MessageId, TurnId } from "../../streams/ids.ts"
import type { Item, ItemOf } from "../../streams/session.ts"

const turnId = TurnId.parse("turn_1")
let seq = 0
const place = () => ({ key: `k${seq}`, seq: seq++, at: "2026-01-01T00:00:00Z" })
const says = (text: string): Item => ({ ...place(), type: "message", turnId, text, done: true })
const asks = (text: string): Item => ({
  ...place(),
  type: "user",
  turnId,
  messageId: MessageId.parse("msg_1"),
  text,
})
const calls = (fields: Partial<ItemOf<"tool">>): Item => ({
  ...place(),
  type: "tool",
  turnId,
  toolCallId: "t",
  title: "Read a.ts",
  kind: "read",
  status: "completed",
  locations: [],
  input: undefined,
  content: [],
  output: "",
  outputTruncated: false,
  interrupted: false,
  ...fields,
})
const edits = (path: string, oldText: string | null, newText: string) =>
  calls({ kind: "edit", content: [{ type: "diff", path, oldText, newText }] })

test("a search finds words whatever their case, and shows them amid their line", () => {
  const found = findItems([asks("Find the\nNEEDLE, please"), says("nothing")], "needle")
  expect(found).toHaveLength(1)
  const [hit] = found
  expect(hit?.excerpt).toBe("Find the NEEDLE, please")
  expect(hit?.excerpt.slice(hit.from, hit.to)).toBe("NEEDLE")
})

test("a search reads what tools were given and what they printed", () => {
  const items = [calls({ input: { command: "npm test" }, output: "42 passed" })]
  expect(findItems(items, "npm t")).toHaveLength(1)
  expect(findItems(items, "42 PASSED")).toHaveLength(1)
  expect(findItems(items, "  ")).toHaveLength(0)
})

test("no text can break out of its fence in an export", () => {
  const evil = "```\n# not a heading\n````\n"
  const markdown = markdownOf({ title: "T", agentType: null, workingDir: null }, [calls({ output: evil })])
  expect(markdown).toContain("`````\n```\n# not a heading\n````\n`````")
})

test("calls that only looked are one row when there are many in a row, and failures stay seen", () => {
  const looks = [calls({}), calls({}), calls({})]
  const failed = calls({ status: "failed" })
  const parts = transcriptParts([...looks, failed, calls({}), calls({}), says("x")])
  expect(parts.map((part) => (part.type === "calls" ? part.items.length : part.item.type))).toEqual([
    3,
    "tool",
    "tool",
    "tool",
    "message",
  ])
})

test("a row of grouped calls keeps its key while it grows", () => {
  const looks = [calls({}), calls({}), calls({})]
  const [before] = transcriptParts(looks)
  const [after] = transcriptParts([...looks, calls({})])
  expect(after?.key).toBe(before?.key)
})

test("a file that was written again and again differs from its first state once", () => {
  const items = [edits("a", null, "1"), edits("b", "x", "y"), edits("a", "1", "2"), edits("a", "other", "3")]
  expect(changedFiles(items)).toEqual([
    {
      path: "a",
      changes: [
        { path: "a", oldText: null, newText: "2" },
        { path: "a", oldText: "other", newText: "3" },
      ],
    },
    { path: "b", changes: [{ path: "b", oldText: "x", newText: "y" }] },
  ])
})

test("a change that failed changed nothing", () => {
  expect(changedFiles([{ ...edits("a", "1", "2"), status: "failed" } as Item])).toEqual([])
})

const known = {
  commands: [
    { name: "review", description: "Reviews" },
    { name: "preview", description: "Shows" },
  ],
  mentioned: ["src/view.ts", "readme.md"],
  found: ["lib/review timer.ts", "src/view.ts"],
}

test("a slash at the start offers commands, those that begin so first", () => {
  expect(completionAt("/re", 3, known)?.suggestions.map(({ text }) => text)).toEqual([
    "/review ",
    "/preview ",
  ])
  expect(completionAt("see /re", 7, known)).toBeNull()
})

test("an at sign offers files, and an address is none", () => {
  expect(completionAt("look at @vi", 11, known)).toMatchObject({
    from: 8,
    to: 11,
    suggestions: [{ text: "@src/view.ts " }, { text: '@"lib/review timer.ts" ' }],
  })
  expect(completionAt('look at @"review ti', 19, known)).toMatchObject({
    from: 8,
    suggestions: [{ text: '@"lib/review timer.ts" ' }],
  })
  expect(completionAt("me@vi", 5, known)).toBeNull()
})

test("the files of a session are offered from inside its directory, the last one first", () => {
  const items = [edits("/p/a.ts", null, ""), calls({ locations: [{ path: "/q/b.ts" }] })]
  expect(mentionedFiles(items, "/p")).toEqual(["/q/b.ts", "a.ts"])
})
