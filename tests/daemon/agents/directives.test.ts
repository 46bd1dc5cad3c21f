import { expect, test } from "vitest"
import { parseDirectives } from "#daemon/agents/demo/directives"

test("a directive has a name and values, bare or quoted", () => {
  expect(
    parseDirectives(`please [[write path=a.txt content="a \\"b\\"\\n"]] now [[say text='it is "so"']]`),
  ).toEqual([
    { name: "write", args: { path: "a.txt", content: 'a "b"\n' }, joined: false },
    { name: "say", args: { text: 'it is "so"' }, joined: false },
  ])
})

test("an ampersand joins a directive to the next one", () => {
  expect(parseDirectives("[[list]]&[[LIST]]").map(({ name, joined }) => [name, joined])).toEqual([
    ["list", true],
    ["list", false],
  ])
})

test.each(["", "[[", "[[ list ]]", "[[list", "[[list path]]", `[[say text="open]]`, "[list]", "[[1]]"])(
  "%j is no directive",
  (text) => {
    expect(parseDirectives(text)).toEqual([])
  },
)

test("a text that is no directive is passed over in no time, however it is built", () => {
  const started = performance.now()
  expect(parseDirectives(`[[a${' b="'.repeat(10_000)}`)).toEqual([])
  expect(parseDirectives(`[[a${" ".repeat(100_000)}`)).toEqual([])
  expect(performance.now() - started).toBeLessThan(500)
})
