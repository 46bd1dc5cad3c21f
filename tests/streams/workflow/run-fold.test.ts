import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { RunId } from "#streams/ids"
import { parseRunEvent, placeSeqOf, type RunEvent } from "#streams/workflow/event"
import { emptyRun } from "#streams/workflow/run"
import { foldRun, reduceRun } from "#streams/workflow/run-fold"
import { anyDefinition, anyOutcome } from "../../support/random-workflow.ts"
import { numbersFrom, seeded } from "../../support/seeded.ts"
import { defined, standing, worldOf } from "../../support/workflow-world.ts"

const START = emptyRun(RunId.parse("run_test"))
const TWO = defined(`
name: two
steps:
  - { id: a, kind: command, command: [x] }
  - { id: b, kind: command, command: [x], needs: [a] }
`)

/** The log of a run that went every way there is, by chance. */
function anyLog(seed: number): readonly RunEvent[] {
  const next = numbersFrom(seed)
  const pick = <Value>(values: readonly Value[]): Value => values[Math.floor(next() * values.length)] as Value
  const [definition] = fc.sample(anyDefinition(), { numRuns: 1, seed })
  if (definition === undefined) throw new Error("no definition")
  const outcomes = fc.sample(anyOutcome, { numRuns: 200, seed })
  const world = worldOf(definition)
  for (let round = 0; round < 60; round++) {
    const chance = next()
    if (chance < 0.1) world.claim()
    else if (chance < 0.2) world.ask({ type: "signal", name: "x" })
    else if (chance < 0.25) world.ask({ type: "pause", interrupt: next() < 0.5 })
    else if (world.open.length > 0) world.end(pick(world.open).stepId, pick(outcomes))
    else if (world.plan.wakeAt !== null) world.wait()
    else return world.log
    if (world.run.status === "paused") world.ask({ type: "resume" })
  }
  return world.log
}

test("every event of a log is read as it was written", () => {
  for (const event of anyLog(1)) expect(parseRunEvent(JSON.parse(JSON.stringify(event)))).toEqual(event)
})

test("a log gives the same run at once, event by event, and cut anywhere", () => {
  const { seed } = seeded("workflow/run-fold: cuts")
  for (let index = 0; index < 20; index++) {
    const log = anyLog(seed + index)
    const whole = foldRun(START, log)
    expect(log.reduce(reduceRun, START)).toEqual(whole)
    const cut = Math.floor(log.length / 2)
    expect(foldRun(foldRun(START, log.slice(0, cut)), log.slice(cut))).toEqual(whole)
    expect(whole.illegal).toBe(0)
  }
})

test("events that come twice, and what an owner says after it lost the run, change nothing", () => {
  const { next, pick, seed } = seeded("workflow/run-fold: repeats")
  for (let index = 0; index < 20; index++) {
    const log = anyLog(seed + index)
    const dirty: RunEvent[] = []
    for (const event of log) {
      dirty.push(event)
      if (next() < 0.3) dirty.push(pick(dirty))
      if (next() < 0.3 && event.epoch > 1)
        dirty.push({ ...pick(log), epoch: event.epoch - 1, n: 10_000 } as RunEvent)
    }
    expect(foldRun(START, dirty)).toEqual(foldRun(START, log))
  }
})

test("steps that no event touched are the same objects, and a batch that says nothing new is the same run", () => {
  const world = worldOf(TWO)
  const before = world.run
  world.end("a")
  expect(world.run.steps.get("b")).not.toBe(before.steps.get("b"))
  const after = world.run
  world.end("b", { output: "x" })
  expect(world.run.steps.get("a")).toBe(after.steps.get("a"))
  expect(foldRun(world.run, world.log)).toBe(world.run)
})

describe("events that are no step from where the run stands are counted and change nothing else", () => {
  const at = (event: object, epoch: number, n: number) =>
    ({ id: "x", at: "2030-01-01T00:00:00Z", epoch, n, ...event }) as RunEvent
  const attempt = { stepId: "a", generation: 0, attempt: 1 }
  const error = { code: "x", class: "transient", message: "x" }
  test.each([
    [
      "a step that needs another begins before it",
      { type: "step_start", stepId: "b", generation: 0, attempt: 1 },
    ],
    ["a step that runs begins again", { type: "step_start", ...attempt, attempt: 2 }],
    ["an attempt that was never begun ends", { type: "step_complete", ...attempt, attempt: 7 }],
    [
      "an attempt of another generation ends",
      { type: "step_failed", ...attempt, generation: 3, error, retryable: false },
    ],
    [
      "a step that nobody knows is skipped",
      { type: "step_skipped", stepId: "z", generation: 0, cause: "asked" },
    ],
    ["a running step is skipped", { type: "step_skipped", stepId: "a", generation: 0, cause: "asked" }],
    ["a running step is reset", { type: "steps_reset", steps: ["a"], generation: 1, reason: "retry" }],
    ["a run that has open steps is completed", { type: "workflow_complete" }],
    ["or fails", { type: "workflow_failed", error }],
    ["or is cancelled though nobody asked", { type: "workflow_cancelled" }],
    ["a run that nobody paused is paused", { type: "run_paused" }],
    [
      "it is made again",
      { type: "run_created", definition: TWO, inputs: {}, workingDir: "/", startedBy: "user" },
    ],
    [
      "a claim is made in the middle of an epoch",
      { type: "run_claimed", incarnation: "i", owner: { pid: 1, startTime: "", bootId: "", host: "" } },
    ],
  ])("%s", (_, event) => {
    const { run } = worldOf(TWO)
    const after = reduceRun(run, at(event, run.epoch, run.n + 1))
    expect(after).toEqual({ ...run, illegal: 1, n: run.n + 1 })
  })
  test("an epoch that nobody claimed has no place", () => {
    const { run } = worldOf(TWO)
    const after = reduceRun(run, at({ type: "step_complete", ...attempt }, run.epoch + 1, 5))
    expect(after).toEqual({ ...run, illegal: 1 })
  })
})

test("of a cancellation and a completion the first in the log counts, and there is one end", () => {
  const { next, pick, seed } = seeded("workflow/run-fold: races")
  const ends: Record<string, number> = {}
  for (let race = 0; race < 1000; race++) {
    const world = worldOf(TWO)
    let left = ["cancel", "end", "end", "claim", "cancel", "pause"]
    while (left.length > 0) {
      const act = pick(left)
      left = left.toSpliced(left.indexOf(act), 1)
      if (act === "cancel" && next() < 0.7) world.ask({ type: "cancel" })
      else if (act === "pause") world.ask({ type: "pause" })
      else if (act === "claim") world.claim()
      else if (act === "end") for (const { stepId } of world.open.slice(0, 1)) world.end(stepId)
    }
    const last = world.log.filter(({ type }) => type === "workflow_complete" || type === "workflow_cancelled")
    const cancelling = world.log.findIndex(({ type }) => type === "run_cancelling")
    const complete = world.log.findIndex(({ type }) => type === "workflow_complete")
    expect(last.length, `SEED=${seed} race ${race}`).toBeLessThanOrEqual(1)
    expect(complete < 0 || cancelling < 0 || complete < cancelling, `SEED=${seed} race ${race}`).toBe(true)
    expect(world.run.illegal).toBe(0)
    if (cancelling >= 0) expect(world.run.status).toBe("cancelled")
    ends[world.run.status] = (ends[world.run.status] ?? 0) + 1
  }
  expect(Object.keys(ends)).toEqual(expect.arrayContaining(["cancelled", "completed"]))
})

test("a run that is to be cancelled is not completed any more, though all of it be done meanwhile", () => {
  const world = worldOf(TWO)
  world.end("a")
  const { epoch, n } = world.run
  const said = [
    { type: "run_cancelling" },
    { type: "step_complete", stepId: "b", generation: 0, attempt: 1 },
    { type: "workflow_complete" },
    { type: "workflow_failed", error: { code: "x", message: "x" } },
    { type: "workflow_cancelled" },
    { type: "workflow_complete" },
  ].map(
    (event, index) =>
      ({ ...event, id: "x", at: "2030-01-01T00:00:00Z", epoch, n: n + 1 + index }) as RunEvent,
  )
  expect(foldRun(world.run, said)).toMatchObject({ status: "cancelled", illegal: 3 })
})

test("an attempt keeps the host on which it was begun, whoever holds the run since", () => {
  const world = worldOf(TWO)
  const claim: RunEvent = {
    type: "run_claimed",
    ...{ id: "x", at: "2030-01-01T00:00:00Z", epoch: world.run.epoch + 1, n: 0 },
    ...{ incarnation: "i", owner: { pid: 1, startTime: "1", bootId: "boot", host: "other" } },
  }
  const run = reduceRun(world.run, claim)
  expect(run.owner?.host).toBe("other")
  expect(run.steps.get("a")?.attempts.map(({ host }) => host)).toEqual(["host"])
})

test("places of events are in the order of their Stream-Seq", () => {
  const places = [
    { epoch: 0, n: 0 },
    { epoch: 1, n: 9 },
    { epoch: 1, n: 10 },
    { epoch: 2, n: 0 },
    { epoch: 10, n: 0 },
  ].map(placeSeqOf)
  expect(places.toSorted()).toEqual(places)
})

test("a run that is paused and one that failed goes on where it stood, with another worker", () => {
  const world = worldOf(TWO)
  world.ask({ type: "pause" })
  expect(world.run).toMatchObject({ status: "running", leaving: "pausing" })
  world.end("a", { output: 1 })
  expect(world.run.status).toBe("paused")
  world.claim()
  expect(world.open).toEqual([])
  world.ask({ type: "resume" })
  world.end("b", { error: { class: "forbidden" } })
  expect(world.run.status).toBe("failed")
  world.claim()
  world.ask({ type: "resume" })
  expect(standing(world.run)).toEqual({ a: "completed", b: "running" })
  world.rest()
  expect(world.run).toMatchObject({ status: "completed", illegal: 0 })
})
