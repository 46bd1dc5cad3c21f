import { expect, test } from "vitest"
import { applySteps, diffSteps, type Steps } from "../../routes/-app/run-patches.ts"
import { newStep, type StepState } from "../../streams/workflow/run.ts"

const stepsOf = (...steps: readonly StepState[]): Steps => new Map(steps.map((step) => [step.stepId, step]))

test("only what changed is sent, and what did not keeps its identity", () => {
  const [plan, work] = [newStep("plan"), newStep("work")]
  const before = stepsOf(plan, work)
  const after = stepsOf(plan, { ...work, status: "running" })
  const patch = diffSteps(before, after)
  expect(patch).toEqual({ order: null, put: [{ ...work, status: "running" }] })
  const applied = applySteps(before, patch)
  expect(applied).toEqual(after)
  expect(applied.get("plan")).toBe(plan)
})

test("items that a map gets stand behind it, and those that go are forgotten", () => {
  const [files, sum] = [newStep("files"), newStep("sum")]
  const few = stepsOf(files, sum)
  const many = stepsOf(files, newStep("files/0"), newStep("files/1"), sum)
  const grown = applySteps(few, diffSteps(few, many))
  expect([...grown.keys()]).toEqual(["files", "files/0", "files/1", "sum"])
  expect([...applySteps(grown, diffSteps(many, few)).keys()]).toEqual(["files", "sum"])
})

test("a patch of nothing gives back the same steps", () => {
  const steps = stepsOf(newStep("plan"))
  expect(applySteps(steps, diffSteps(steps, steps))).toBe(steps)
})
