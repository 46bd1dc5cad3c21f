import { expect, test } from "vitest"
import { eventsOf } from "#src/workflows/worker/finding-events"
import type { SessionId } from "#streams/ids"
import { defined, NOW, worldOf } from "../../support/workflow-world.ts"

const ONE = defined("name: one\nsteps:\n  - { id: only, kind: command, command: [x], timeout: 1m }\n")
const ATTEMPT = { stepId: "only", generation: 0, attempt: 1 }
const CANCELLED = {
  name: ATTEMPT,
  finding: {
    type: "failed",
    error: { code: "session_cancelled", class: "cancelled", message: "The turn was cancelled." },
  },
} as const
const chance = { now: NOW, random: () => 0.5 }

test("an attempt that a worker ended for a pause, and that was killed over it, is interrupted and has not failed", () => {
  const run = { ...worldOf(ONE).run, leaving: "interrupting" } as const
  expect(eventsOf(run, CANCELLED, chance)).toEqual([{ type: "step_interrupted", ...ATTEMPT }])
})

test("one that it ended because it took too long is tried again, as after any timeout", () => {
  const { run } = worldOf(ONE)
  const [said] = eventsOf(run, CANCELLED, { ...chance, now: NOW + 60_000 })
  expect(said).toMatchObject({
    type: "step_failed",
    error: { code: "step_timeout" },
    retryAt: expect.any(String),
  })
})

test("one that somebody cancelled has failed for good", () => {
  const { run } = worldOf(ONE)
  const [said] = eventsOf(run, CANCELLED, chance)
  expect(said).toMatchObject({ type: "step_failed", error: { code: "session_cancelled" }, retryable: false })
  expect(said).not.toHaveProperty("retryAt")
})

test.each([
  ["cancelled", "cancelled", "The run was cancelled."],
  ["interrupted", "cancelled", "The run was paused."],
  ["timeout", "timeout", "The step took longer than its timeout of 1m."],
] as const)(
  "one that is %s on a host that does not answer is said to be held there, and is not tried again by itself",
  (stopped, kind, why) => {
    const held = { sessionId: "ses_x" as SessionId, host: "away", heardAt: "2026-11-26T09:00:00.000Z" }
    const [said, ...more] = eventsOf(worldOf(ONE).run, { name: ATTEMPT, stopped, held }, chance)
    expect(said).toEqual({
      type: "step_failed",
      ...ATTEMPT,
      error: {
        code: "end_not_seen",
        class: kind,
        message: `${why} Nobody saw it end: the host away, which holds its session ses_x, was last heard of at 2026-11-26T09:00:00.000Z.`,
        hint: expect.any(String),
      },
      retryable: false,
    })
    expect(more).toEqual([])
  },
)

test("what is said of an attempt that the run has left behind, or knows already, is nothing", () => {
  const world = worldOf(ONE)
  const lost = { name: ATTEMPT, finding: { type: "lost" } } as const
  expect(eventsOf(world.run, { name: ATTEMPT, finding: { type: "going" } }, chance)).toEqual([])
  world.end("only")
  expect(eventsOf(world.run, lost, chance)).toEqual([])
  const other = { ...lost, name: { ...ATTEMPT, attempt: 2 } }
  expect(eventsOf(worldOf(ONE).run, other, chance)).toEqual([])
})
