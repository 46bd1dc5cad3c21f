import fc from "fast-check"
import { expect, test } from "vitest"
import { RunId } from "#streams/ids"
import { emptyRun } from "#streams/workflow/run"
import { foldRun } from "#streams/workflow/run-fold"
import { runOfSnapshot, snapshotOf } from "#streams/workflow/run-snapshot"
import { defined, worldOf } from "../../support/workflow-world.ts"

const MIXED = defined(`
name: mixed
steps:
  - { id: a, kind: agent, agent: demo, prompt: "first" }
  - { id: m, kind: map, over: '[1, 2, 3]', step: { kind: command, command: [x, "{{item}}"] } }
  - { id: t, kind: transform, value: "{a.output}" }
  - { id: ask, kind: approval, question: "Well?", needs: [t] }
  - { id: got, kind: wait, signal: go, needs: [t] }
  - { id: last, kind: command, command: [y], needs: [m], onFailure: continue }
`)

const asRead = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

/** A run that all kinds of things happened in, and its log. */
function eventful() {
  const world = worldOf(MIXED)
  world.end("a", { lost: true })
  world.end("a", { error: { class: "forbidden" } })
  world.ask({ type: "retry_step", stepId: "a", input: { prompt: "again" } })
  world.end("a", { output: { long: "x".repeat(100) }, usage: { costUsd: 0.5 } })
  world.end("m/1", { output: "one", exitCode: 0 })
  world.ask({ type: "signal", name: "other", payload: { n: 1 } })
  world.end("m/0", { error: {} })
  world.ask({ type: "skip_step", stepId: "nowhere" })
  world.ask({ type: "skip_step", stepId: "ask", output: "fine" })
  world.ask({ type: "resume_from", stepId: "t" })
  world.rest()
  return world
}

test("a run that is read from a snapshot and the rest of its log is the run of the whole log", () => {
  const { log } = eventful()
  const runId = RunId.parse("run_test")
  const whole = foldRun(emptyRun(runId), log)
  fc.assert(
    fc.property(fc.nat(log.length), (at) => {
      const before = runOfSnapshot(
        asRead(snapshotOf(foldRun(emptyRun(runId), log.slice(0, at)), "form")),
        "form",
      )
      if (before === null) throw new Error("It has the form of now.")
      expect(foldRun(before, log.slice(at))).toEqual(whole)
    }),
    { numRuns: log.length * 2 },
  )
})

test("what is said twice in a run is said once in its snapshot", () => {
  const world = worldOf(defined("name: x\nsteps: [{ id: a, kind: command, command: [x] }]"))
  world.end("a", { output: "y".repeat(10_000) })
  expect(JSON.stringify(snapshotOf(world.run, "form")).length).toBeLessThan(2 * 10_000 + 3_000)
  const run = runOfSnapshot(asRead(snapshotOf(world.run, "form")), "form")
  expect(run?.steps.get("a")?.attempts.at(-1)?.output).toEqual(world.run.steps.get("a")?.output)
})

test.each([null, [], "x", {}, { form: "other" }])("what is no snapshot of this form is none: %j", (value) => {
  expect(runOfSnapshot(value, "form")).toBeNull()
})
