import { expect, test } from "vitest"
import { steadyClock } from "#src/workflows/worker/steady-clock"

/** Clocks that show what they are told. */
function clocks() {
  const shown = { wall: 1_000_000, awake: 5_000, sinceBoot: 70_000 }
  const now = steadyClock({
    wall: () => shown.wall,
    awake: () => shown.awake,
    sinceBoot: () => shown.sinceBoot,
  })
  const pass = (ms: number) => {
    shown.wall += ms
    shown.awake += ms
    shown.sinceBoot += ms
  }
  return { shown, now, pass }
}

test("it goes on as time does, whatever the clock on the wall is set to", () => {
  const { shown, now, pass } = clocks()
  pass(250)
  expect(now()).toBe(1_000_250)
  shown.wall += 3_600_000
  expect(now()).toBe(1_000_250)
  shown.wall -= 7_200_000
  pass(1_000)
  expect(now()).toBe(1_001_250)
})

test("it has gone on while the machine slept", () => {
  const { shown, now, pass } = clocks()
  pass(1_000)
  shown.wall += 60_000
  shown.sinceBoot += 60_000
  expect(now()).toBe(1_061_000)
})

test("what the clocks differ by because they are not read at once is no sleep", () => {
  const { shown, now, pass } = clocks()
  shown.sinceBoot += 900
  pass(1_000)
  expect(now()).toBe(1_001_000)
})
