import { expect, test } from "vitest"
import { limitEvent } from "#daemon/limit"
import type { TurnId } from "#streams/ids"

const NOW = Date.parse("2026-11-25T12:00:00Z")
const turnId = "turn_1" as TurnId

const event = (more: Partial<Parameters<typeof limitEvent>[2]>) =>
  limitEvent(
    turnId,
    { code: "x", message: "no more" },
    { limit: { kind: "rate", until: null }, onLimit: "wait", inARow: 0, now: NOW, ...more },
  )
const usage = (until: string | null) => ({ kind: "usage" as const, until })
const after = (ms: number) => new Date(NOW + ms).toISOString()

test("a session goes on by itself when it is to wait and a time is known", () => {
  expect(event({ limit: usage(after(5_000)) })).toEqual({
    type: "limit_reached",
    turnId,
    kind: "usage",
    message: "no more",
    until: after(5_000),
    resumes: true,
  })
  expect(event({ limit: usage(after(5_000)), onLimit: "stop" })).toMatchObject({ resumes: false })
  expect(event({ limit: usage(null) })).toMatchObject({ until: null, resumes: false })
})

test("a rate limit without a time lasts a minute, and longer each time", () => {
  expect([0, 1, 2, 9].map((inARow) => event({ inARow }).until)).toEqual([
    after(60_000),
    after(120_000),
    after(240_000),
    after(1_800_000),
  ])
})

test("a time that has passed already is no reason to try without a pause, or for ever", () => {
  expect([0, 3].map((inARow) => event({ limit: usage(after(-1)), inARow }).until)).toEqual([
    after(1_000),
    after(8_000),
  ])
  expect(event({ limit: usage(after(5_000)), inARow: 12 })).toMatchObject({ resumes: false })
})
