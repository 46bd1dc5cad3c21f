import { expect, test } from "vitest"
import { excerptOf, textsOf, wantedOf } from "#streams/search"
import type { Item } from "#streams/session"

const marked = (text: string, query: string): string | null => {
  const excerpt = excerptOf([text], wantedOf(query))
  if (!excerpt) return null
  return excerpt.ranges.reduceRight(
    (line, [from, to]) => `${line.slice(0, from)}[${line.slice(from, to)}]${line.slice(to)}`,
    excerpt.text,
  )
}

test("all words have to be there, in any order, whatever their case", () => {
  expect(marked("The Retry timer overlaps.", "timer retry")).toBe("The [Retry] [timer] overlaps.")
  expect(marked("The retry overlaps.", "timer retry")).toBeNull()
})

test("words in quotes stand together, over the end of a line too", () => {
  expect(marked("a retry\n  timer", '"retry timer"')).toBe("a [retry timer]")
  expect(marked("the timer of a retry", '"retry timer"')).toBeNull()
})

test("a word is taken as it is written: nothing in it is a pattern", () => {
  expect(marked("costs $5 (or more)", "$5 (or")).toBe("costs [$5] [(or] more)")
  expect(marked("anything", ".*")).toBeNull()
  expect(marked("a\\b/c-d", "a\\b/c-d")).toBe("[a\\b/c-d]")
})

test("a query that says nothing finds nothing", () => {
  for (const query of ["", "  ", '""', '" "']) expect(marked("something", query)).toBeNull()
})

test("letters that change their length with their case are marked where they are", () => {
  expect(marked("İİİİ then needle", "needle")).toBe("İİİİ then [needle]")
})

test("a long text is shown around its first match, and no character is cut in two", () => {
  const text = `${"🦊".repeat(100)}needle${"🦊".repeat(200)}`
  const excerpt = excerptOf([text], wantedOf("needle"))
  expect(excerpt?.text).toMatch(/^…🦊+needle🦊+…$/u)
  expect(() => encodeURIComponent(excerpt?.text ?? "")).not.toThrow()
  expect(excerpt?.text.length).toBeLessThan(250)
})

test("words that overlap are marked once", () => {
  expect(marked("aaab", "aaa aab")).toBe("[aaab]")
})

test("a call is found by its title, its command, and what it gave", () => {
  const item: Item = {
    ...{
      key: "t",
      seq: 3,
      at: "",
      type: "tool",
      turnId: "turn_a" as never,
      toolCallId: "t",
      kind: "execute",
    },
    ...{ title: "Tests", status: "completed", locations: [], input: { command: ["npm", "test"] } },
    ...{ content: [{ type: "text", text: "details" }], output: "14 passed", outputTruncated: false },
    interrupted: false,
  }
  for (const query of ["tests", "npm test", "passed", "details", "passed tests"])
    expect(excerptOf(textsOf(item), wantedOf(query)), query).not.toBeNull()
})
