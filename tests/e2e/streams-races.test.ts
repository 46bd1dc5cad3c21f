import { expect, test } from "vitest"
import { tempDir } from "../support/temp-dir.ts"
import { LONG, spawnServer } from "./streams-process.ts"
import { raceCloses, raceDeletes, raceForks } from "./streams-race-programs.ts"

const ROUNDS = LONG ? 500 : 60

test.each([
  ["a close is either before it or refused", raceCloses],
  ["a delete never brings the stream back, nor shows in its successor", raceDeletes],
  ["a fork is in it, or after it, as in the source", raceForks],
])("an append that races %s", async (_, race) => {
  await using dir = await tempDir()
  await using server = await spawnServer(dir.path)
  expect(await race(server.url, ROUNDS)).toEqual({ rounds: ROUNDS, faults: 0 })
})
