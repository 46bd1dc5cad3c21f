import { expect, test } from "vitest"
import { TurnId } from "#streams/ids"
import { bench } from "../../support/memory-io.ts"
import { tempDir } from "../../support/temp-dir.ts"

const turnId = TurnId.parse("turn_a")

async function setUp() {
  const home = await tempDir()
  const place = bench(home.path, {})
  const sessionId = place.plane.session("Fix the\x1b[31m flake")
  const say = (text: string, messageId: string) =>
    ({ type: "agent_message", turnId, messageId, text }) as const
  place.plane.say(sessionId, say("The retry\x1b[31m timer\noverlaps.", "a"), say("Done with the timer.", "b"))
  return { ...place, sessionId, [Symbol.asyncDispose]: () => home[Symbol.asyncDispose]() }
}

test("search prints each place under its session, and nothing that steers the terminal", async () => {
  await using place = await setUp()
  const { code, out } = await place.cli(["search", "TIMER"])
  expect(code).toBe(0)
  expect(out).toBe(
    `${place.sessionId}  Fix the flake\n  #1     Done with the timer.\n  #0     The retry timer overlaps.\n` +
      "Searched 1 of 1 sessions.\n",
  )
})

test("search says when there may be more, and when there is nothing", async () => {
  await using place = await setUp()
  expect((await place.cli(["search", "timer", "--limit", "1"])).out).toContain(
    "There may be more: agentz search --limit 5 …",
  )
  expect((await place.cli(["search", "nowhere"])).out).toBe("Nothing found. Searched 1 of 1 sessions.\n")
})

test("search prints JSON with the places of the words", async () => {
  await using place = await setUp()
  const { out } = await place.cli(["search", "done", "timer", "--json"])
  expect(JSON.parse(out)).toMatchObject({
    hits: [
      {
        sessionId: place.sessionId,
        seq: 1,
        type: "message",
        ranges: [
          [0, 4],
          [14, 19],
        ],
      },
    ],
    searched: 1,
    total: 1,
    unread: [],
  })
})

test.each([
  [["search"], "WORDS is missing"],
  [["search", " "], "WORDS have 1 to 200 characters."],
  [["search", "x", "--limit", "501"], "from 1 to 500"],
])("search without use is refused: %j", async (words, said) => {
  await using place = await setUp()
  const { code, err } = await place.cli(words)
  expect({ code, err }).toEqual({ code: 64, err: expect.stringContaining(said) })
})
