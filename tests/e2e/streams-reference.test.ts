import { expect, test } from "vitest"
import { seeded } from "../support/seeded.ts"
import { tempDir } from "../support/temp-dir.ts"
import { StreamClient } from "./streams-client.ts"
import { type KillReport, killLoop } from "./streams-kill-loop.ts"
import { ManyStreams } from "./streams-many.ts"
import { spawnServer } from "./streams-process.ts"
import { raceCloses, raceDeletes, raceForks } from "./streams-race-programs.ts"

/**
 * The same programs that find nothing in the engine, on a server that is known to lose, repeat and forget.
 * They must find it out: a check that cannot fail proves nothing.
 */

test.each([
  ["repeat short records", 200, (report: KillReport) => report.duplicated],
  ["lose long ones", 6_000_000, (report: KillReport) => report.lost + report.unreadable],
])("the kill loop sees it %s", async (what, bytes, faults) => {
  await using dir = await tempDir()
  const { next: chance } = seeded(`kills of the reference server at ${bytes} bytes`)
  const isEnough = (report: KillReport) => faults(report) > 0
  const loop = { dir: dir.path, bytes, writers: 4, kills: 25, chance, isEnough }
  const report = await killLoop({ ...loop, server: "reference" })
  const kills = report.recoveryMs.length
  console.log(`reference server, ${kills} kills to see it ${what}: ${JSON.stringify(report)}`)
  expect(faults(report)).toBeGreaterThan(0)
})

test("the program of many streams sees appends that are stored and answered with a failure", async () => {
  await using dir = await tempDir()
  await using server = await spawnServer(dir.path, { server: "reference" })
  using client = new StreamClient(server.url)
  const streams = new ManyStreams(200, 32)
  await streams.create(client)
  for (let n = 0; n < 10; n++) await streams.append(client)
  await streams.check(client)
  console.log(`reference server: ${JSON.stringify(streams.report)}`)
  expect(streams.report.failed).toBeGreaterThan(0)
  expect(streams.report.duplicated).toBeGreaterThan(0)
})

test.each([
  ["closes that are taken back", raceCloses],
  ["deletes that are taken back", raceDeletes],
  ["forks that lack history", raceForks],
])("the races see %s", async (fault, race) => {
  await using dir = await tempDir()
  await using server = await spawnServer(dir.path, { server: "reference" })
  const { rounds, faults } = await race(server.url, 30)
  console.log(`reference server: ${faults} ${fault} in ${rounds} rounds`)
  expect(faults).toBeGreaterThan(0)
})
