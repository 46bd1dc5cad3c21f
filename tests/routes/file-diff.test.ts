import { expect, test } from "vitest"
import { diffRows, diffStat } from "../../routes/-app/file-diff.ts"

const change = (oldText: string | null, newText: string) => ({ path: "a.ts", oldText, newText })

test("counts lines added and removed", () => {
  expect(diffStat(change("a\nb\nc\n", "a\nB\nc\nd\n"))).toEqual({ added: 2, removed: 1 })
})

test("a new file is all added, an emptied one all removed", () => {
  expect(diffStat(change(null, "a\nb"))).toEqual({ added: 2, removed: 0 })
  expect(diffStat(change("a\nb\n", ""))).toEqual({ added: 0, removed: 2 })
  expect(diffStat(change(null, ""))).toEqual({ added: 0, removed: 0 })
})

test("rows carry the numbers of both sides and mark what was left out", () => {
  const lines = Array.from({ length: 30 }, (_, index) => `line ${index + 1}`)
  const after = lines.with(1, "changed").with(28, "changed too")
  const rows = diffRows(change(lines.join("\n"), after.join("\n"))) ?? []
  expect(rows.filter(({ kind }) => kind === "gap")).toHaveLength(1)
  expect(rows.find(({ kind }) => kind === "removed")).toMatchObject({ text: "line 2", oldLine: 2 })
  expect(rows.findLast(({ kind }) => kind === "added")).toMatchObject({ text: "changed too", newLine: 29 })
})

test("a change too big to compare is counted by its lines and not drawn", () => {
  const big = change("a\n".repeat(250_000), "b\n".repeat(250_000))
  expect(diffRows(big)).toBeNull()
  expect(diffStat(big)).toEqual({ added: 250_000, removed: 250_000 })
})
