import { expect, test } from "vitest"
import { seeded } from "../support/seeded.ts"
import { tempDir } from "../support/temp-dir.ts"
import { killLoop } from "./streams-kill-loop.ts"
import { LONG } from "./streams-process.ts"

const KILLS = LONG ? 40 : 8

test.each([
  ["200 B", 200, 16],
  ["64 kB", 65_536, 4],
  ["300 kB", 300_000, 4],
  ["2 MB", 2_000_000, 4],
  ["6 MB", 6_000_000, 4],
])(
  "killed at any moment under appends of %s, it has all it acknowledged and showed once, in order",
  async (size, bytes, writers) => {
    await using dir = await tempDir()
    const { next: chance } = seeded(`kills at ${size}`)
    const { recoveryMs, ...report } = await killLoop({ dir: dir.path, bytes, writers, kills: KILLS, chance })
    const slowest = Math.max(...recoveryMs)
    console.log(
      `${KILLS} kills at ${size}: ${JSON.stringify(report)}, started again in ${slowest} ms or less`,
    )
    const { acknowledged, ...faults } = report
    expect(acknowledged).toBeGreaterThanOrEqual(KILLS)
    expect(faults).toEqual({ lost: 0, duplicated: 0, wrong: 0, unreadable: 0, unshown: 0, refused: 0 })
  },
  LONG ? 600_000 : 90_000,
)
