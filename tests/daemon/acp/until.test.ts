import fc from "fast-check"
import { expect, test } from "vitest"
import { secondsOf, untilOf } from "#daemon/acp/until"

const NOW = Date.parse("2026-11-25T12:00:00Z")
const at = (text: string) => untilOf(text, NOW)

test.each([
  ["Claude AI usage limit reached|1795700000", new Date(1_795_700_000_000).toISOString()],
  ["You've hit your limit · resets 3pm (UTC)", "2026-11-25T15:00:00.000Z"],
  ["Your limit will reset at 3pm (America/Los_Angeles).", "2026-11-25T23:00:00.000Z"],
  ["5-hour limit reached ∙ resets 11am (UTC)", "2026-11-26T11:00:00.000Z"],
  ["You've hit your weekly limit · resets Nov 28, 5:30pm (Europe/Berlin)", "2026-11-28T16:30:00.000Z"],
  ["or try again in 3 days 19 hours 15 minutes.", "2026-11-29T07:15:00.000Z"],
  ["Rate limit reached. Please try again in 1.5s.", "2026-11-25T12:00:01.500Z"],
  ["Please retry after 30 seconds", "2026-11-25T12:00:30.000Z"],
  ["try again in 1h5m", "2026-11-25T13:05:00.000Z"],
  ["try again in 250ms", "2026-11-25T12:00:00.250Z"],
  ["available again at 2026-11-25T13:00:00Z", "2026-11-25T13:00:00.000Z"],
])("“%s” is read as a time", (text, time) => {
  expect(at(text)).toBe(time)
})

test("a clock without a zone is the one of this machine", () => {
  const time = at("or try again at Nov 28th, 2026 12:30 PM.")
  expect(time && new Date(time).getHours()).toBe(12)
  expect(time && new Date(time).getDate()).toBe(28)
})

test.each([
  "try again later",
  "resets at some point",
  "in 2 months",
  "resets 25pm (UTC)",
  "at Nov 28th, 2019 12:30 PM",
  "try again in 400 days",
  "at 3 o'clock",
  "reset 2026",
  "",
])("“%s” tells no time", (text) => {
  expect(at(text)).toBeNull()
})

test("whatever is said, it is a time to come and not too far, or none", () => {
  const words = fc.constantFrom(
    "try",
    "again",
    "in",
    "at",
    "resets",
    "3pm",
    "(UTC)",
    "5",
    "days",
    "Nov",
    "28th,",
    "m",
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(words, fc.string()), { maxLength: 12 }), (said) => {
      const time = at(said.join(" "))
      if (time !== null) expect(Date.parse(time)).toBeGreaterThan(NOW)
    }),
  )
})

test("a Retry-After is a number of seconds or a date", () => {
  expect(secondsOf("30", NOW)).toBe(30)
  expect(secondsOf("Wed, 25 Nov 2026 12:01:00 GMT", NOW)).toBe(60)
  for (const header of ["", "soon", "-1", "1e12"]) expect(secondsOf(header, NOW)).toBeNull()
})
