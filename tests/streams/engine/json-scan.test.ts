import fc from "fast-check"
import { expect, test } from "vitest"
import { isPlainJson } from "#streams/engine/json-scan"
import { seeded } from "../../support/seeded.ts"

const { seed } = seeded("json scan")

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
const isAscii = (text: string) => [...text].every((character) => character <= "\x7f")
const scan = (text: string) => isPlainJson(Buffer.from(text))

test("what is passed is JSON, and all JSON in ASCII is passed", () => {
  const written = fc
    .tuple(fc.json({ maxDepth: 8 }), fc.constantFrom("", " ", "\n\t", "\r\n "))
    .map(([text, space]) => space + text + space)
  fc.assert(
    fc.property(written, (text) => {
      expect(scan(text)).toBe(isAscii(text))
    }),
    { seed, numRuns: 2000 },
  )
})

test("whatever is not JSON is not passed", () => {
  const bits = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    "\\",
    "\\u00",
    "e",
    "E",
    "+",
    "-",
    ".",
    "0",
    "01",
    "7",
    " ",
  ]
  const words = [
    "\n",
    "true",
    "false",
    "null",
    "nul",
    '"a"',
    '"\\n"',
    '"\t"',
    "\x00",
    "\x7f",
    "ä",
    "1e5",
    "u",
  ]
  const odd = fc.array(fc.constantFrom(...bits, ...words), { maxLength: 8 }).map((parts) => parts.join(""))
  fc.assert(
    fc.property(odd, (text) => {
      expect(scan(text)).toBe(isJson(text) && isAscii(text))
    }),
    { seed, numRuns: 20_000 },
  )
})

test("JSON with one character changed is passed only if it still is JSON", () => {
  const changed = fc.tuple(fc.json(), fc.nat(), fc.integer({ min: 0, max: 0x7f })).map(([text, at, code]) => {
    const where = at % text.length
    return text.slice(0, where) + String.fromCharCode(code) + text.slice(where + 1)
  })
  fc.assert(
    fc.property(changed, (text) => {
      expect(scan(text)).toBe(isJson(text) && isAscii(text))
    }),
    { seed, numRuns: 5000 },
  )
})

test("deep nesting is left to the parser", () => {
  const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels)
  expect(scan(nested(50))).toBe(true)
  expect(scan(nested(100_000))).toBe(false)
})
