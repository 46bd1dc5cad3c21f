/** What is read as one plain command is, to a real shell, exactly that command. */
import { execFileSync } from "node:child_process"
import { chmodSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import fc from "fast-check"
import { expect, test } from "vitest"
import { commandOfWords, wordsOfCommand } from "#streams/command-line"
import { tempDir } from "../support/temp-dir.ts"

test.each([
  ["git status", ["git", "status"]],
  ["  git   status  --short ", ["git", "status", "--short"]],
  [`git commit -m "two words" 'and $more'`, ["git", "commit", "-m", "two words", "and $more"]],
  ["gi't' sta\"tus\"", ["git", "status"]],
  [`x ""`, ["x", ""]],
])("%s is one plain command", (line, words) => {
  expect(wordsOfCommand(line)).toEqual(words)
})

test.each([
  "git status && rm -rf .",
  "git status; rm -rf .",
  "git status & rm x",
  "git status | sh",
  "git status\nrm -rf .",
  "git status\rrm -rf .",
  "git status > .bashrc",
  "git status < x",
  "git status $(rm x)",
  "git status `rm x`",
  'git status "$(rm x)"',
  'git status "`rm x`"',
  "git status $HOME",
  "git status \\; rm",
  "git status *.ts",
  "git status {a,b}",
  "git status ~root",
  "git status # and more",
  "GIT_SSH=evil git status",
  "(git status)",
  "! git status",
  "if git status",
  "git 'status",
  'git "status',
  "git\tstatus",
  "git status \u202e mr",
  "",
  "   ",
  "''",
])("%j is not certain to be one plain command", (line) => {
  expect(wordsOfCommand(line)).toBeNull()
})

test("a shell runs one program with just these words, whatever was read", async () => {
  await using dir = await tempDir()
  const bin = join(dir.path, "bin")
  const empty = join(dir.path, "empty")
  mkdirSync(bin)
  mkdirSync(empty)
  // Each run of a program leaves one line: its name and its words.
  for (const name of ["git", "ls", "rm", "x"]) {
    writeFileSync(join(bin, name), `#!/bin/sh\nprintf '<%s>' ${name} "$@"\nprintf '\\n'\n`)
    chmodSync(join(bin, name), 0o755)
  }
  const piece = fc.constantFrom(
    ...[
      "git",
      "ls",
      "rm",
      "x",
      "status",
      "-rf",
      " ",
      " ",
      " ",
      "  ",
      "'",
      '"',
      "$",
      "`",
      "\\",
      ";",
      "&",
      "&&",
    ],
    ...[
      "|",
      "||",
      "\n",
      "\r",
      "\t",
      "(",
      ")",
      "{",
      "}",
      "[",
      "]",
      "!",
      "#",
      "~",
      "*",
      "?",
      "=",
      "%",
      "^",
      ",",
    ],
    ...["@", "+", ":", ".", "/", "$(", "$((", "${", "\u0000", "é", "a=b", "$'", "2", ">&", "<("],
  )
  let read = 0
  fc.assert(
    fc.property(
      fc.array(piece, { minLength: 1, maxLength: 8 }),
      fc.constantFrom("sh", "bash"),
      (pieces, shell) => {
        const line = pieces.join("")
        const words = wordsOfCommand(line)
        const [program = ""] = words ?? []
        if (words === null || !["git", "ls", "rm", "x"].includes(program)) return
        read += 1
        const out = execFileSync(`/bin/${shell}`, ["-c", line], { cwd: empty, env: { PATH: bin } }).toString()
        expect(out).toBe(`${words.map((word) => `<${word}>`).join("")}\n`)
      },
    ),
    { numRuns: 20_000 },
  )
  expect(read).toBeGreaterThan(100)
})

test("words as they are shown are read back as the same words", () => {
  const word = fc.string({ unit: fc.constantFrom(..."abc -/.$'".split("")), minLength: 1 })
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (rest) => {
      const words = ["git", ...rest]
      const shown = wordsOfCommand(commandOfWords(words))
      // A word with both kinds of quote and a dollar is shown in a way that is not read: that is no harm.
      if (shown !== null) expect(shown).toEqual(words)
    }),
  )
})
