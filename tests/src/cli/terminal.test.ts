import { expect, test } from "vitest"
import { changesOf } from "#src/cli/line-counts"
import { clean, cropped, oneLine, table, widthOf } from "#src/cli/terminal"

test.each([
  ["a colour", "\x1b[31mred\x1b[0m", "red"],
  ["a window title", "\x1b]0;owned\x07text", "text"],
  ["a link", "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\", "click"],
  ["a cursor jump and erase", "a\x1b[2J\x1b[1;1Hb", "ab"],
  ["a C1 sequence", "a\x9b31mb", "ab"],
  ["NUL, bell and backspace", "a\x00\x07\x08b", "ab"],
  ["a carriage return that overwrites", "rm -rf /\rls", "rm -rf /ls"],
  ["line ends of Windows", "a\r\nb", "a\nb"],
  ["a change of direction", "safe\u202egpj.exe", "safe<U+202E>gpj.exe"],
  ["an isolate", "\u2066x\u2069", "<U+2066>x<U+2069>"],
  ["breaks and tabs", "a\tb\nc", "a\tb\nc"],
])("%s does not reach the terminal as such", (_name, given, shown) => {
  expect(clean(given)).toBe(shown)
})

test("an escape sequence that comes in two halves is harmless in both", () => {
  for (const text of ["\x1b[31mred", "\x1b]0;title\x07", "\x9b2J"])
    for (let cut = 1; cut < text.length; cut++)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these must be gone
      expect(clean(text.slice(0, cut)) + clean(text.slice(cut))).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/)
})

test("one line is one line", () => {
  expect(oneLine("  a\n\n b\tc ")).toBe("a b c")
})

test("wide letters count double and combining ones not at all", () => {
  expect(widthOf("日本")).toBe(4)
  expect(widthOf("e\u0301")).toBe(1)
  expect(cropped("日本語です", 5)).toBe("日本…")
  expect(cropped("short", 10)).toBe("short")
})

test("a table lines up and fits", () => {
  const sheet = table(
    [
      ["ID", "LAST"],
      ["日本", "x".repeat(50)],
      ["abcdef", "y"],
    ],
    20,
  )
  expect(sheet.split("\n").slice(0, 3)).toEqual(["ID      LAST", `日本    ${"x".repeat(11)}…`, "abcdef  y"])
})

test("an edit is counted in lines between what stayed", () => {
  const diff = (oldText: string | null, newText: string) =>
    changesOf([{ type: "diff", path: "a.ts", oldText, newText }])
  expect(diff("a\nb\nc\n", "a\nx\ny\nc\n")).toEqual(["a.ts +2 -1"])
  expect(diff(null, "a\nb\n")).toEqual(["a.ts +2 -0 (new)"])
  expect(diff("a\n", "a\n")).toEqual(["a.ts +0 -0"])
  expect(diff("a\na\n", "a\n")).toEqual(["a.ts +0 -1"])
})
