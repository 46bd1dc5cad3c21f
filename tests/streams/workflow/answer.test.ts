import { describe, expect, test } from "vitest"
import { CommandId } from "#streams/ids"
import { affectedBy } from "#streams/workflow/affected"
import { answerTo, refusalOf } from "#streams/workflow/answer"
import type { RunCommand } from "#streams/workflow/command"
import { forkOf } from "#streams/workflow/fork"
import { isRefusal } from "#streams/workflow/refusal"
import type { StepInput } from "#streams/workflow/step-input"
import { defined, standing, type World, worldOf } from "../../support/workflow-world.ts"

const CHAIN = defined(`
name: chain
steps:
  - { id: a, kind: agent, agent: demo, prompt: "first" }
  - { id: b, kind: command, command: [x, "{a.output}"] }
  - { id: c, kind: command, command: [y], needs: [b] }
`)

const refused = (answer: ReturnType<World["ask"]>) =>
  answer.flatMap((event) => (event.type === "command_refused" ? [event.error] : []))

const failedAtB = () => {
  const world = worldOf(CHAIN)
  world.end("a", { output: "A" })
  world.end("b", { error: { class: "forbidden" } })
  return world
}

test("a command is answered once, however often it is read", () => {
  const world = worldOf(CHAIN)
  world.ask({ type: "pause" })
  const command: RunCommand = { type: "resume", commandId: CommandId.parse("cmd_1"), at: "" }
  expect(answerTo(world.run, command)).toEqual([])
  expect(answerTo(world.run, { ...command, commandId: CommandId.parse("cmd_2") })).toMatchObject([
    { type: "run_resumed", commandId: "cmd_2" },
  ])
})

test("what is so already is no refusal", () => {
  const world = worldOf(CHAIN)
  expect(world.ask({ type: "resume" })).toMatchObject([{ type: "command_void" }])
  world.ask({ type: "pause" })
  expect(world.ask({ type: "pause" })).toMatchObject([{ type: "command_void" }])
  world.ask({ type: "cancel", reason: "enough" })
  expect(world.run).toMatchObject({ status: "cancelled", cancelReason: "enough" })
  expect(world.ask({ type: "cancel" })).toMatchObject([{ type: "command_void" }])
})

test("a run that is completed, and one that was cancelled, say so and what to do instead", () => {
  const completed = worldOf(CHAIN)
  completed.rest(() => ({ output: "x" }))
  const cancelled = worldOf(CHAIN)
  cancelled.ask({ type: "cancel" })
  for (const [{ run }, code] of [
    [completed, "run_completed"],
    [cancelled, "run_cancelled"],
  ] as const)
    for (const type of [
      "resume",
      "pause",
      "signal",
      "retry_step",
      "skip_step",
      "resume_from",
      "set_budget",
    ] as const) {
      const command = {
        type,
        commandId: "cmd_9",
        at: "",
        stepId: "a",
        name: "x",
        budget: {},
      } as unknown as RunCommand
      expect(refusalOf(run, command)).toMatchObject({ code, hint: expect.stringContaining("Fork") })
    }
})

test("a step that nobody knows is refused with those there are", () => {
  const world = failedAtB()
  for (const type of ["retry_step", "skip_step", "resume_from"] as const)
    expect(refused(world.ask({ type, stepId: "z" }))).toMatchObject([
      { code: "unknown_step", hint: "It has a, b, c." },
    ])
})

test("a step that runs cannot be done again meanwhile", () => {
  const world = worldOf(CHAIN)
  expect(affectedBy(world.run, { type: "resume_from", stepId: "a" })).toEqual({
    steps: ["a", "b", "c"],
    again: ["a"],
    running: ["a"],
  })
  for (const type of ["retry_step", "skip_step", "resume_from"] as const)
    expect(refused(world.ask({ type, stepId: "a" }))).toMatchObject([{ code: "step_running" }])
  world.ask({ type: "pause", interrupt: true })
  expect(standing(world.run)).toMatchObject({ a: "pending" })
  world.ask({ type: "skip_step", stepId: "a", output: "by hand" })
  expect(world.run.status).toBe("paused")
  world.ask({ type: "resume" })
  expect(world.open[0]?.body).toMatchObject({ command: ["x", "by hand"] })
})

describe("a step that failed", () => {
  test("is tried again with what a person says anew, expressions in it included", () => {
    const world = failedAtB()
    world.ask({ type: "retry_step", stepId: "b", input: { command: ["z", "{{ steps.a.output + '!' }}"] } })
    expect(world.open).toMatchObject([{ stepId: "b", attempt: 2, body: { command: ["z", "A!"] } }])
    world.rest()
    expect(world.run).toMatchObject({ status: "completed", illegal: 0 })
    expect(world.run.steps.get("b")?.attempts.map(({ outcome }) => outcome)).toEqual(["failed", "completed"])
  })
  test("not with what such a step has not", () => {
    const world = failedAtB()
    const [error] = refused(world.ask({ type: "retry_step", stepId: "b", input: { prompt: "Please." } }))
    expect(error).toMatchObject({
      code: "input_refused",
      message: "Step b is of kind command: prompt is no field of it.",
    })
    expect(world.run.status).toBe("failed")
  })
  test("is skipped: without an output, whoever needs one fails and is told", () => {
    const world = worldOf(CHAIN)
    world.end("a", { error: { class: "forbidden" } })
    world.ask({ type: "skip_step", stepId: "a" })
    expect(world.run).toMatchObject({ status: "failed", failedStep: "b", error: { code: "missing_output" } })
    world.ask({ type: "skip_step", stepId: "a", output: "late" })
    expect(world.open[0]?.body).toMatchObject({ command: ["x", "late"] })
  })
  test("has all its attempts again", () => {
    const world = worldOf(CHAIN)
    world.rest(() => ({ error: {} }))
    expect(world.run.steps.get("a")).toMatchObject({ status: "failed", attempt: 3 })
    world.ask({ type: "resume" })
    world.rest(() => ({ error: {} }))
    expect(world.run.steps.get("a")).toMatchObject({ status: "failed", attempt: 6, failures: 3 })
  })
  test("one that has not failed is not tried again, and the remedy is named", () => {
    const world = failedAtB()
    expect(refused(world.ask({ type: "retry_step", stepId: "a" }))).toMatchObject([
      { code: "step_not_failed", hint: "To do it again all the same, resume the run from it." },
    ])
  })
  test("whose next attempt is due later is tried at once", () => {
    const world = worldOf(CHAIN)
    world.end("a", { error: { retryAfterMs: 3_600_000 } })
    world.ask({ type: "retry_step", stepId: "a" })
    expect(world.open).toMatchObject([{ stepId: "a", attempt: 2 }])
  })
})

describe("items of a map", () => {
  const MAP = defined(`
name: map
steps:
  - { id: m, kind: map, over: "[1, 2, 3]", step: { kind: command, command: ["{{item}}"] } }
  - { id: after, kind: transform, value: "{m.output}" }
`)
  const failed = () => {
    const world = worldOf(MAP)
    world.rest(({ stepId }) => (stepId === "m/1" ? { error: { class: "forbidden" } } : { output: stepId }))
    return world
  }
  test("one is tried again, and the map gathers anew", () => {
    const world = failed()
    expect(affectedBy(world.run, { type: "retry", stepId: "m/1" }).steps).toEqual(["m", "m/1", "after"])
    world.ask({ type: "retry_step", stepId: "m/1" })
    expect(world.open.map(({ stepId }) => stepId)).toEqual(["m/1"])
    world.rest(() => ({ output: "again" }))
    expect(world.run).toMatchObject({
      status: "completed",
      illegal: 0,
      output: { value: ["m/0", "again", "m/2"] },
    })
  })
  test("one is skipped with an output", () => {
    const world = failed()
    world.ask({ type: "skip_step", stepId: "m/1", output: "mine" })
    expect(world.run).toMatchObject({
      status: "completed",
      illegal: 0,
      output: { value: ["m/0", "mine", "m/2"] },
    })
  })
  test("one is done again from there, and the others are not", () => {
    const world = failed()
    const before = world.begun.length
    world.ask({ type: "skip_step", stepId: "m/1" })
    expect(world.run.status).toBe("completed")
    const other = failed()
    other.ask({ type: "resume_from", stepId: "m/0" })
    other.rest(() => ({ output: "anew" }))
    expect(other.begun.slice(before).map(({ stepId }) => stepId)).toEqual(["m/0"])
    expect(other.run).toMatchObject({ status: "failed", failedStep: "m" })
  })
  test("from the map itself all are", () => {
    const world = failed()
    world.ask({ type: "resume_from", stepId: "m" })
    expect(world.open.map(({ stepId }) => stepId)).toEqual(["m/0", "m/1", "m/2"])
    world.rest(() => ({ output: "x" }))
    expect(world.run).toMatchObject({ status: "completed", illegal: 0, generation: 1 })
  })
})

test("a fork takes over what was done before the step, with other inputs where they are given", () => {
  const definition = defined(`
name: f
inputs: { x: { type: string, default: one } }
steps:
  - { id: a, kind: transform, value: "{{inputs.x}}" }
  - { id: b, kind: transform, value: "{{ steps.a.output + inputs.x }}" }
`)
  const { run } = worldOf(definition, { inputs: { x: "one" } })
  const first = forkOf(run, { stepId: "b", inputs: { x: "two" } })
  if (isRefusal(first)) throw new Error(first.refused.message)
  const fork = worldOf(definition, { first })
  expect(fork.run).toMatchObject({
    status: "completed",
    output: { value: "onetwo" },
    forkedFrom: { runId: "run_test" },
  })
  expect(forkOf(run, { stepId: "nowhere" })).toMatchObject({ refused: { code: "unknown_step" } })
})

test("the inputs of a fork are filled up from the defaults, and refused where the workflow takes no such ones", () => {
  const definition = defined(`
name: f
inputs: { x: { type: string, default: one }, n: { type: number, default: 1 } }
steps:
  - { id: a, kind: transform, value: "{{inputs.x}} {{inputs.n}}" }
`)
  const { run } = worldOf(definition, { inputs: { x: "one", n: 1 } })
  const first = forkOf(run, { stepId: "a", inputs: { n: 2 } })
  if (isRefusal(first)) throw new Error(first.refused.message)
  expect(worldOf(definition, { first }).run.output).toEqual({ type: "value", value: "one 2" })
  expect(forkOf(run, { stepId: "a", inputs: { n: "two", y: "z" } })).toMatchObject({
    refused: { code: "invalid_inputs", message: expect.stringMatching(/no input y.+n must be a number/) },
  })
})

test("a fork can tell its step something else, and keeps what was told its steps before", () => {
  const definition = defined(`
name: f
steps:
  - { id: a, kind: command, command: "false", retry: { attempts: 1 } }
  - { id: b, kind: transform, value: "{{steps.a.output}}" }
  - { id: c, kind: transform, value: "{{steps.b.output}}" }
`)
  const world = worldOf(definition)
  world.end("a", { error: {} })
  world.ask({ type: "retry_step", stepId: "a", input: { command: "true" } })
  world.end("a", { output: "one" })
  expect(world.run.output).toEqual({ type: "value", value: "one" })
  const told = (stepId: string, input: StepInput) => {
    const first = forkOf(world.run, { stepId, input })
    if (isRefusal(first)) return first.refused
    return worldOf(definition, { first })
  }
  expect(told("b", { value: "two" })).toMatchObject({
    run: { status: "completed", output: { value: { a: "one", c: "two" } }, illegal: 0 },
    begun: [],
  })
  const again = told("a", { env: { X: "y" } })
  expect(again).toMatchObject({ begun: [{ body: { command: "true", env: { X: "y" } } }] })
  expect(told("b", { prompt: "hi" })).toMatchObject({
    code: "input_refused",
    message: "Step b is of kind transform: prompt is no field of it.",
  })
  expect(told("b", { value: "{{steps.c.output}}" })).toMatchObject({
    code: "input_refused",
    message: expect.stringContaining("in a circle"),
  })
})

test("a step whose end nobody saw lets the run pause, and is tried again by whoever resumes it", () => {
  const world = worldOf(CHAIN)
  world.ask({ type: "pause" })
  world.end("a", { error: { code: "end_not_seen", class: "cancelled" } })
  expect(standing(world.run)).toMatchObject({ a: "failed", b: "pending" })
  expect(world.run.status).toBe("paused")
  world.ask({ type: "resume" })
  expect(world.open).toMatchObject([{ stepId: "a", attempt: 2 }])
})

test("a pause without interruption lets what runs finish, and an answer can be given meanwhile", () => {
  const world = worldOf(
    defined(`
name: p
steps:
  - { id: ask, kind: approval, question: "Well?", choices: [yes, no] }
  - { id: run, kind: command, command: [x] }
  - { id: after, kind: command, command: [y], needs: [ask, run] }
`),
  )
  world.ask({ type: "pause" })
  world.end("run", { output: "x" })
  expect(world.run.status).toBe("paused")
  world.ask({ type: "approval_answer", stepId: "ask", generation: 0, attempt: 1, choice: "yes" })
  expect(standing(world.run)).toEqual({ ask: "completed", run: "completed", after: "pending" })
  world.ask({ type: "resume" })
  expect(world.open).toMatchObject([{ stepId: "after" }])
})
