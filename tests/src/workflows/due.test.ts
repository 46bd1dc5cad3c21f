import fc from "fast-check"
import { expect, test } from "vitest"
import { dueAfter, dueNow } from "#src/workflows/due"

const at = (text: string) => Date.parse(text)
const every = (everyMs: number) => ({
  when: { type: "every", everyMs, from: "2030-01-01T00:00:00.000Z" } as const,
  createdAt: "2030-01-01T00:00:00.000Z",
})
const cron = (pattern: string, timeZone = "UTC") => ({
  when: { type: "cron", cron: pattern, timeZone } as const,
  createdAt: "2030-01-01T00:00:00.000Z",
})

test("an interval is counted from when it was made, and each time is due once", () => {
  const schedule = every(60_000)
  const minute = at("2030-01-01T00:01:00Z")
  expect(dueNow(schedule, null, minute - 1)).toBeNull()
  expect(dueNow(schedule, null, minute)).toBe(minute)
  expect(dueNow(schedule, { dueAt: "2030-01-01T00:01:00.000Z" }, minute + 59_999)).toBeNull()
})

test("of what was missed in a long absence the newest is due, and no other", () => {
  const monthLater = at("2030-02-01T00:00:30Z")
  expect(dueNow(every(60_000), null, monthLater)).toBe(at("2030-02-01T00:00:00Z"))
  expect(dueNow(cron("0 3 * * *"), null, monthLater)).toBe(at("2030-01-31T03:00:00Z"))
  expect(dueNow(cron("0 3 * * *"), { dueAt: "2030-01-31T03:00:00.000Z" }, monthLater)).toBeNull()
})

test("a pattern is of its time zone, also over the change of the clocks, and no day is left out or done twice", () => {
  const schedule = cron("30 2 * * *", "Europe/Berlin")
  const days: string[] = []
  for (let due = at("2030-03-29T00:00:00Z"); days.length < 5; ) {
    due = dueAfter(schedule, due) ?? Number.NaN
    days.push(new Date(due).toISOString().slice(0, 10))
  }
  expect(days).toEqual(["2030-03-29", "2030-03-30", "2030-03-31", "2030-04-01", "2030-04-02"])
})

test("whoever looks, and however seldom, no time is due twice and none of the future is", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1_000, max: 100_000 }),
      fc.array(fc.integer({ min: 1, max: 500_000 }), { minLength: 1, maxLength: 50 }),
      (everyMs, pauses) => {
        const schedule = every(everyMs)
        let now = at(schedule.createdAt)
        let last: { dueAt: string } | null = null
        for (const pause of pauses) {
          now += pause
          const due: number | null = dueNow(schedule, last, now)
          if (due === null) continue
          expect(due).toBeLessThanOrEqual(now)
          expect(now - due).toBeLessThan(everyMs)
          if (last !== null) expect(due).toBeGreaterThan(Date.parse(last.dueAt))
          last = { dueAt: new Date(due).toISOString() }
          expect(dueNow(schedule, last, now)).toBeNull()
        }
      },
    ),
  )
})
