import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { noteServing, noteStart, troubleOf } from "#daemon/stream-server/setbacks"
import { tempDir } from "../../support/temp-dir.ts"

async function homeDir() {
  const dir = await tempDir()
  mkdirSync(join(dir.path, "run"))
  return dir
}

test("starts that come to nothing are tried ever more rarely, every thirty seconds at the most", async () => {
  await using home = await homeDir()
  const pauses: number[] = []
  let now = 1_000
  for (let start = 0; start < 8; start++) {
    noteStart(home.path, "no luck", now)
    const trouble = troubleOf(home.path, now)
    pauses.push(trouble?.retryInSeconds ?? 0)
    now += (trouble?.retryInSeconds ?? 0) + 0.5
  }
  expect(pauses).toEqual([0, 1, 2, 5, 10, 30, 30, 30])
  expect(troubleOf(home.path, now)).toMatchObject({ failures: 7, reason: "no luck" })
})

test("one that ran for a while had started well, and its death is no setback", async () => {
  await using home = await homeDir()
  noteStart(home.path, "", 1_000)
  noteStart(home.path, "killed", 1_003)
  expect(troubleOf(home.path, 1_004)).toMatchObject({ failures: 1 })
  expect(troubleOf(home.path, 1_020)).toBeNull()
  noteStart(home.path, "killed", 1_020)
  expect(troubleOf(home.path, 1_020)).toBeNull()
})

test("one that is killed again and again while it serves is back within seconds each time", async () => {
  await using home = await homeDir()
  let now = 1_000
  for (let start = 0; start < 8; start++) {
    noteStart(home.path, "killed", now)
    noteServing(home.path)
    const trouble = troubleOf(home.path, now)
    expect(trouble?.retryInSeconds ?? 0).toBeLessThanOrEqual(2)
    now += (trouble?.retryInSeconds ?? 0) + 0.5
  }
  expect(troubleOf(home.path, now)).toMatchObject({ failures: 7 })
})
