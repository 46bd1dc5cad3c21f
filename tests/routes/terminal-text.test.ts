import { expect, test } from "vitest"
import { plainText } from "../../routes/-app/hidden-characters.ts"
import { foldTerminal, terminalRuns } from "../../routes/-app/terminal-text.ts"

const text = (output: string) =>
  terminalRuns(output)
    .map((run) => run.text)
    .join("")

test("a carriage return overwrites the line it is on", () => {
  expect(text("10%\r55%\r100%\ndone")).toBe("100%\ndone")
  expect(text("abcdef\rxy")).toBe("xycdef")
  expect(text("windows\r\nlines\r\n")).toBe("windows\nlines\n")
})

test("what was overwritten leaves no colour behind", () => {
  const runs = terminalRuns("\u001b[31mfail\u001b[0m\rpass")
  expect(runs).toEqual([{ text: "pass", color: null, bold: false, dim: false }])
})

test("erasing to the end of the line erases it", () => {
  expect(text("downloading\r\u001b[Kok")).toBe("ok")
  expect(text("a\u001b[2Kb")).toBe("ab")
})

test("backspace goes back by one", () => {
  expect(text("|\b/\b-\bdone")).toBe("done")
})

test("colours are kept by name and everything else that a terminal would obey is dropped", () => {
  expect(terminalRuns("\u001b[1;32mok\u001b[0m")).toEqual([
    { text: "ok", color: "green", bold: true, dim: false },
  ])
  expect(text("\u001b]0;title\u0007\u001b[2J\u001b[5;5Hhi\u001b(B")).toBe("hi")
  expect(text("\u001b]8;;https://example.com\u001b\\link\u001b]8;;\u001b\\")).toBe("link")
})

test("a long output is folded in reasonable time", () => {
  const output = "progress \u001b[32m50%\u001b[0m\r".repeat(20_000)
  const started = performance.now()
  expect(text(output)).toBe("progress 50%")
  expect(performance.now() - started).toBeLessThan(3_000)
})

test("plain lines are left as they are", () => {
  expect(foldTerminal("a\tb\nc")).toBe("a\tb\nc")
})

test("direction controls and invisible characters are shown, controls are dropped", () => {
  expect(plainText("rm \u202egpj.exe")).toBe("rm ⟨U+202E⟩gpj.exe")
  expect(plainText("a\u200bb\u0007c\u0085")).toBe("a⟨U+200B⟩bc")
  expect(plainText("\u{e0041}")).toBe("⟨U+E0041⟩")
  expect(plainText("שלום 👩‍💻 é\n\tok")).toBe("שלום 👩‍💻 é\n\tok")
})
