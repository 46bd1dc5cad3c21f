/** The examples are what people begin with: each is right as it is, and comes to its end with the agent `demo`. */
import { readdirSync, readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { parseDirectives } from "#daemon/agents/demo/directives"
import type { Json } from "#streams/workflow/definition"
import { readInputs } from "#streams/workflow/inputs"
import { outputOf } from "#streams/workflow/output"
import type { Start } from "#streams/workflow/plan"
import { sessionOf } from "#streams/workflow/scope"
import { defined, type Outcome, standing, type World, worldOf } from "../../support/workflow-world.ts"

const FOLDER = "examples/workflows"
const source = (name: string) => readFileSync(`${FOLDER}/${name}.yaml`, "utf8")

function opened(name: string, given: Readonly<Record<string, Json>> = {}): World {
  const definition = defined(source(name))
  const read = readInputs(definition, given)
  if ("wrong" in read) throw new Error(Object.values(read.wrong).join("\n"))
  return worldOf(definition, { inputs: read.inputs })
}

/** What the agent `demo` says to a prompt, by the directives in it: the last text it is told to say. */
const said = (prompt: string): string =>
  parseDirectives(prompt).findLast(({ name }) => name === "say")?.args.text ?? "A tour."

/** Ends agents as `demo` would, and commands as they are told to. */
const demo =
  (commands: (start: Start) => Outcome) =>
  (start: Start): Outcome => {
    const { body } = start
    if (body.kind !== "agent") return commands(start)
    expect(body.agent).toBe("demo")
    const read = outputOf(said(body.prompt), body.output)
    return "output" in read ? read : { error: read.error }
  }

/** Attempts get the session that an agent would have had. */
function withSessions(world: World, outcome: (start: Start) => Outcome): void {
  world.rest((start) => {
    if (start.body.kind === "agent") {
      const { stepId, generation, attempt } = start
      const sessionId =
        start.session ?? (`ses_${stepId.toLowerCase().replace("/", "-")}` as NonNullable<Start["session"]>)
      world.say({ type: "step_attached", stepId, generation, attempt, sessionId })
    }
    return outcome(start)
  })
}

test("there is an example for every use that the documentation names", () => {
  expect(readdirSync(FOLDER).sort()).toEqual(
    ["fan-out-over-files", "fix-until-tests-pass", "nightly-triage", "plan-implement-review"].map(
      (name) => `${name}.yaml`,
    ),
  )
})

test("plan, implement, review: a good change is not mended, and is made where it was planned", () => {
  const world = opened("plan-implement-review")
  withSessions(
    world,
    demo(() => ({})),
  )
  expect(world.run).toMatchObject({
    status: "completed",
    output: { value: { summary: "hello.txt greets now.", verdict: "good", mended: false } },
  })
  expect(standing(world.run)).toMatchObject({ approve: "skipped", mend: "skipped" })
  const sessions = ["plan", "implement", "review"].map((id) => {
    const step = world.run.steps.get(id)
    return step === undefined ? null : sessionOf(step)
  })
  expect(sessions).toEqual(["ses_plan", "ses_plan", "ses_review"])
})

test("plan, implement, review: what the review found is mended, and the plan is shown to who wants to see it", () => {
  const world = opened("plan-implement-review", { askFirst: true })
  const outcome = demo(() => ({}))
  withSessions(world, outcome)
  expect(world.run.steps.get("approve")?.waitingFor).toMatchObject({
    question: expect.stringContaining("1. Write hello.txt."),
  })
  world.ask({ type: "approval_answer", stepId: "approve", generation: 0, attempt: 1, choice: "approve" })
  withSessions(world, (start) =>
    start.stepId === "review"
      ? { output: { verdict: "mend", findings: ["No newline.", "No test."] } }
      : outcome(start),
  )
  expect(world.begun.at(-1)?.body).toMatchObject({ prompt: expect.stringContaining("No newline.\nNo test.") })
  expect(world.run).toMatchObject({ status: "completed", output: { value: { mended: true } } })
})

test.each([0, 1, 2, 3])("fix until tests pass: they pass after %i fixes", (needed) => {
  const world = opened("fix-until-tests-pass")
  const fixes = () => world.begun.filter(({ stepId }) => stepId.startsWith("fix")).length
  withSessions(
    world,
    demo(({ stepId }) => {
      const passes = fixes() >= needed
      if (stepId === "proof" && !passes) return { error: {} }
      return { exitCode: passes ? 0 : 1, output: passes ? "ok" : "not ok" }
    }),
  )
  expect(world.run).toMatchObject({ status: "completed", output: { value: { fixes: needed, report: "ok" } } })
})

test("fix until tests pass: a run whose tests never pass has failed", () => {
  const world = opened("fix-until-tests-pass")
  withSessions(
    world,
    demo(({ stepId }) => (stepId === "proof" ? { error: {} } : { exitCode: 1, output: "not ok" })),
  )
  expect(world.run).toMatchObject({ status: "failed", failedStep: "proof" })
})

test("fan out: every file is asked about, and one that fails does not cost the rest", () => {
  const world = opened("fan-out-over-files")
  const outcome = demo(() => ({ output: "./a.md\n./b.md\n./c.md\n" }))
  world.rest((start) => (start.stepId === "look/1" ? { error: { class: "forbidden" } } : outcome(start)))
  expect(world.run).toMatchObject({
    status: "completed",
    output: { value: { files: 3, report: "Nothing comes up more than once." } },
  })
})

test("fan out: where there is no file, there is a report all the same", () => {
  const world = opened("fan-out-over-files")
  world.rest(demo(() => ({ output: "" })))
  expect(world.run).toMatchObject({ status: "completed", output: { value: { files: 0 } } })
})

test("nightly triage: what is serious is looked into", () => {
  const world = opened("nightly-triage")
  world.rest(demo(() => ({ output: "commit 1" })))
  expect(world.run).toMatchObject({
    status: "completed",
    output: { value: { findings: [{ severity: "high" }], inspected: ["It is real, and easily mended."] } },
  })
})
