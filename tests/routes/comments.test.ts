import { describe, expect, it, vi } from "vitest"
import { changeBlocks, linesAt } from "../../routes/-app/change-blocks.ts"
import { messageOf } from "../../routes/-app/comments.ts"

// The library asks at once in which browser it is.
vi.stubGlobal("navigator", { userAgent: "" })
const { parsePatchFiles } = await import("@pierre/diffs")

const PATCH = `diff --git a/a.ts b/a.ts
--- a/a.ts
+++ b/a.ts
@@ -1,5 +1,6 @@
 one
-two
+2
+2.5
 three
 four
 five
@@ -20,3 +21,2 @@
 twenty
-gone
 end
`

const diff = parsePatchFiles(PATCH)[0]?.files[0] ?? { hunks: [], additionLines: [], deletionLines: [] }

describe("the lines of a diff", () => {
  it("are found at each change, on the side that has them", () => {
    expect(changeBlocks(diff)).toEqual([
      { side: "new", from: 2, to: 3 },
      { side: "old", from: 21, to: 21 },
    ])
  })

  it("are quoted from the side that was meant, as far as they are shown", () => {
    expect(linesAt(diff, { side: "new", from: 2, to: 4 })).toEqual(["2", "2.5", "three"])
    expect(linesAt(diff, { side: "old", from: 2, to: 2 })).toEqual(["two"])
    expect(linesAt(diff, { side: "old", from: 21, to: 40 })).toEqual(["gone", "end"])
    expect(linesAt(diff, { side: "new", from: 10, to: 12 })).toEqual([])
  })
})

describe("comments on lines", () => {
  it("are one message that names each place and quotes it", () => {
    expect(
      messageOf([
        { path: "a.ts", side: "new", from: 2, to: 3, quote: ["2", "2.5"], text: "Why?" },
        { path: "b.ts", side: "old", from: 7, to: 7, quote: [""], text: "Keep this." },
      ]),
    ).toBe("a.ts:2-3\n> 2\n> 2.5\n\nWhy?\n\nb.ts:7 (before the change)\n>\n\nKeep this.")
  })

  it("quote the beginning of many lines and say how many more there are", () => {
    const quote = Array.from({ length: 30 }, (_, index) => `line ${index}`)
    const message = messageOf([{ path: "a", side: "new", from: 1, to: 30, quote, text: "Too long." }])
    expect(message.split("\n")).toHaveLength(1 + 13 + 2)
    expect(message).toContain("> … 18 more lines")
  })
})
