import { expect, test } from "vitest"
import { layoutOf, neighbourOf } from "../../routes/-app/graph-layout.ts"
import type { RunPlan } from "../../routes/-app/protocol.ts"
import { runActionsOf, stepActionsOf } from "../../routes/-app/run-actions.ts"
import { newStep } from "../../streams/workflow/run.ts"

test("a run offers what can be asked of it as it stands", () => {
  expect(runActionsOf({ status: "running", leaving: null })).toEqual(["pause", "cancel"])
  expect(runActionsOf({ status: "running", leaving: "pausing" })).toEqual(["resume", "cancel"])
  expect(runActionsOf({ status: "failed", leaving: null })).toEqual(["resume", "cancel"])
  expect(runActionsOf({ status: "completed", leaving: null })).toEqual([])
})

test("a step offers what can be asked of it as it stands, and one of a run that is over can only be forked", () => {
  const running = { status: "running", leaving: null } as const
  const step = newStep("plan")
  expect(stepActionsOf(running, { ...step, status: "failed" })).toEqual([
    "retry",
    "skip",
    "resume_from",
    "fork",
  ])
  expect(stepActionsOf(running, { ...step, status: "completed" })).toEqual(["resume_from", "fork"])
  expect(stepActionsOf(running, { ...newStep("files/2"), status: "failed" })).toEqual([
    "retry",
    "skip",
    "resume_from",
  ])
  expect(stepActionsOf({ status: "completed", leaving: null }, { ...step, status: "completed" })).toEqual([
    "fork",
  ])
})

const plan: RunPlan = {
  definition: {
    name: "diamond",
    steps: ["plan", "left", "right", "sum"].map((id) => ({ id, kind: "transform", value: 1 })),
  },
  edges: [
    ["plan", "left"],
    ["plan", "right"],
    ["left", "sum"],
    ["right", "sum"],
  ],
}

test("what needs a step stands below it, and the arrow keys lead along the edges", () => {
  const places = layoutOf(plan)
  const y = (id: string) => places.get(id)?.y ?? Number.NaN
  expect(y("plan")).toBeLessThan(y("left"))
  expect(y("left")).toBe(y("right"))
  expect(y("right")).toBeLessThan(y("sum"))
  const go = (from: string, ...keys: readonly string[]) =>
    keys.reduce((at, key) => neighbourOf(plan, places, { from: at, key }) ?? at, from)
  expect(["left", "right"]).toContain(go("plan", "ArrowDown"))
  expect(go("plan", "ArrowDown", "ArrowDown", "ArrowDown")).toBe("sum")
  expect(new Set([go("left", "ArrowLeft"), go("left", "ArrowRight")])).toEqual(new Set(["left", "right"]))
  expect(go("sum", "ArrowUp", "ArrowUp")).toBe("plan")
})
