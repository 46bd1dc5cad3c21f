import { describe, expect, it } from "vitest"
import type { FileChange } from "#streams/file-change"
import type { CheckpointMark } from "#streams/session"
import {
  checkpointBeforeLastTurn,
  checkpointsAt,
  checkpointTitle,
  factsOf,
  filePatches,
  rangeOf,
  rangeOfCheckpoint,
  rangeText,
  wholeRange,
} from "../../routes/-app/moments.ts"

const mark = (n: number, when: CheckpointMark["when"], turn: number, seq = n * 10): CheckpointMark => ({
  ...{ n, seq, when, turn, at: "2026-01-01T00:00:00.000Z", commit: "c", tree: "t", head: "h" },
  changed: { files: 1, added: 1, removed: 0 },
})

const change = (path: string, status: FileChange["status"] = "modified", more: Partial<FileChange> = {}) => ({
  ...{ path, status, added: 1, removed: 1 },
  ...more,
})

describe("the moments of a session's files", () => {
  it("are in an address as they are chosen", () => {
    for (const text of ["base..now", "2..5", "head..3"]) expect(rangeText(rangeOf(text) as never)).toBe(text)
    for (const text of ["", "2", "..", "0..1", "-1..2", "base..then", "1..2.5"])
      expect(rangeOf(text)).toBeNull()
  })

  it("end at the last checkpoint where one looks at the past", () => {
    const marks = [mark(1, "before_turn", 0), mark(2, "after_turn", 1), mark(3, "after_turn", 2)]
    expect(wholeRange(checkpointsAt(marks, null), null)).toEqual({ from: "base", to: "now" })
    expect(wholeRange(checkpointsAt(marks, 25), 25)).toEqual({ from: "base", to: 2 })
    expect(checkpointsAt(marks, 5)).toEqual([])
    expect(rangeOfCheckpoint({ n: 3 })).toEqual({ from: 2, to: 3 })
    expect(rangeOfCheckpoint({ n: 1 })).toEqual({ from: "base", to: 1 })
  })

  it("know what was there before the last turn", () => {
    expect(checkpointBeforeLastTurn([mark(1, "before_turn", 1)])).toBeNull()
    const turns = [mark(1, "before_turn", 1), mark(2, "asked", 1), mark(3, "after_turn", 1)]
    expect(checkpointBeforeLastTurn(turns)).toBe(1)
    expect(checkpointBeforeLastTurn([...turns, mark(4, "after_turn", 2)])).toBe(3)
    expect(turns.map(checkpointTitle)).toEqual(["before turn 1", "kept in turn 1", "after turn 1"])
  })
})

describe("a patch of many files", () => {
  const part = (name: string, text = "@@ -1 +1 @@\n-a\n+b\n") => `diff --git a/${name} b/${name}\n${text}`

  it("is cut at each file, also where a line looks like the head of one", () => {
    const first = part("a", "@@ -1 +1,2 @@\n a\n+diff --git a/x b/x\n")
    const files = filePatches([change("a"), change("b")], first + part("b"))
    expect(files.map(({ patch }) => patch)).toEqual([first, part("b")])
  })

  it("has two parts of a file that became a link", () => {
    const both = part("a") + part("a")
    const files = filePatches([change("a", "type_changed"), change("b")], both + part("b"))
    expect(files.map(({ patch }) => patch)).toEqual([both, part("b")])
  })

  it("gives nothing of a file where it was too long to be given", () => {
    expect(filePatches([change("a"), change("b")], "").map(({ patch }) => patch)).toEqual([null, null])
  })

  it("tells what lines cannot show", () => {
    const [renamed, mode, binary, empty] = filePatches(
      [
        change("b", "renamed", { from: "a", added: 0, removed: 0 }),
        change("c", "mode_changed", { added: 0, removed: 0 }),
        change("d", "modified", { added: null, removed: null }),
        change("e", "added", { added: 0, removed: 0 }),
      ],
      part("b", "similarity index 100%\nrename from a\nrename to b\n") +
        part("c", "old mode 100644\nnew mode 100755\n") +
        part("d", "Binary files a/d and b/d differ\n") +
        part("e", "new file mode 100644\n"),
    )
    expect([renamed, mode, binary, empty].map((file) => file && factsOf(file))).toEqual([
      ["Renamed from a."],
      ["Mode 100644 became 100755: it can be run now."],
      ["Not text: its lines cannot be compared."],
      ["An empty file."],
    ])
  })
})
