import { expect, test } from "vitest"
import { changedLimits, limitsInWords, limitValue, readLimits } from "#streams/session-limits"

test("limits are read as people write them, and written as they are read", () => {
  const read = readLimits("memory=2g, processes=500 disk=500m,minutes=0.5,cost=1.25,tokens=2m")
  expect(read).toEqual({
    change: { memoryMb: 2048, processes: 500, diskMb: 500, minutes: 0.5, costUsd: 1.25, tokens: 2_000_000 },
  })
  if (!("change" in read)) return
  const words = limitsInWords(changedLimits({}, read.change))
  expect(words).toBe("memory=2g processes=500 disk=500m minutes=0.5 cost=1.25 tokens=2m")
  expect(readLimits(words)).toEqual(read)
})

test.each([
  ["memory=2", "memory=2g"],
  ["memory=1m", "memory=2g"],
  ["memory=-2g", "memory=2g"],
  ["memory=2gb", "memory=2g"],
  ["processes=1.5", "processes=500"],
  ["minutes=0", "minutes=30"],
  ["cost=free", "cost=5"],
  ["memory", "NAME=VALUE"],
  ["__proto__=1", "NAME=VALUE"],
  ["speed=2", "memory, processes, disk, minutes, cost, tokens"],
  ["", "memory=2g,minutes=30"],
])("“%s” is refused with what to write", (text, remedy) => {
  const read = readLimits(text)
  expect("wrong" in read ? read.wrong : "").toContain(remedy)
})

test("none lifts a limit, and what is not named stays", () => {
  const read = readLimits("memory=none,cost=2")
  if (!("change" in read)) throw new Error(read.wrong)
  expect(changedLimits({ memoryMb: 64, minutes: 5 }, read.change)).toEqual({ minutes: 5, costUsd: 2 })
})

test("a limit that is no number of its kind is none", () => {
  expect([
    limitValue("memory", "0.5g"),
    limitValue("tokens", "1.5k"),
    limitValue("processes", "500k"),
  ]).toEqual([512, 1500, null])
})
