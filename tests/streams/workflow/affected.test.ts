/** What an action makes run again is exactly the step and what comes after it, and it is known before. */
import fc from "fast-check"
import { expect, test } from "vitest"
import { affectedBy } from "#streams/workflow/affected"
import type { WorkflowDefinition } from "#streams/workflow/definition"
import type { UnstampedRunEvent } from "#streams/workflow/event"
import { forkOf } from "#streams/workflow/fork"
import { isRefusal } from "#streams/workflow/refusal"
import { placeOf, type StepId } from "#streams/workflow/step-id"
import { anyDefinition, anyOutcome } from "../../support/random-workflow.ts"
import { type Outcome, type World, worldOf } from "../../support/workflow-world.ts"

/** Steps and all that comes after them, counted here without the help of what is tested. */
function closure({ steps }: WorkflowDefinition, from: readonly StepId[]): Set<StepId> {
  const all = new Set(from)
  for (let size = -1; size !== all.size; ) {
    size = all.size
    for (const { id, needs = [] } of steps) if (needs.some((need) => all.has(need))) all.add(id)
  }
  return all
}

const answerAll = (world: World) => {
  for (const { stepId, status, waitingFor, generation, attempt } of world.run.steps.values())
    if (status === "waiting" && waitingFor?.type === "approval")
      world.ask({ type: "approval_answer", stepId, generation, attempt, choice: "approve" })
}

/** Lets everything happen that can, approvals given. */
function settle(world: World, outcome?: () => Outcome): void {
  for (let round = 0; round < 30 && world.run.status === "running"; round++) {
    world.rest(outcome)
    answerAll(world)
  }
}

/** Steps that had come to an end: what a person would call done, well or not. */
const endedIn = (world: World): Set<StepId> =>
  new Set(
    Array.from(world.run.steps.values()).flatMap(({ stepId, status }) =>
      status === "completed" || status === "skipped" || status === "failed" ? [stepId] : [],
    ),
  )

/** Steps that have been begun, or passed by, since then; items are those of their map. */
const touchedSince = (world: World, events: number): Set<StepId> =>
  new Set(
    world.log
      .slice(events)
      .flatMap((event) =>
        event.type === "step_start" || event.type === "step_skipped" ? [event.stepId] : [],
      ),
  )

const stepsOnly = (ids: Iterable<StepId>) => [...ids].filter((id) => placeOf(id).index === null)

interface Scenario {
  readonly definition: WorkflowDefinition
  readonly outcomes: fc.Stream<Outcome>
  readonly pick: number
  readonly ends: number | null
}

const scenario: fc.Arbitrary<Scenario> = fc.record({
  definition: anyDefinition(),
  outcomes: fc.infiniteStream(anyOutcome),
  pick: fc.nat(),
  /** How far the run gets before: all the way, or up to so many ends. */
  ends: fc.option(fc.integer({ min: 0, max: 8 })),
})

function started({ definition, outcomes, ends }: Pick<Scenario, "definition" | "outcomes" | "ends">) {
  const world = worldOf(definition)
  const outcome = (): Outcome => outcomes.next().value ?? {}
  if (ends === null) settle(world, outcome)
  else
    for (let end = 0; end < ends && world.run.status === "running"; end++) {
      const [open] = world.open
      if (open !== undefined) world.end(open.stepId, outcome())
      else if (world.plan.wakeAt !== null) world.wait()
      else answerAll(world)
    }
  // Whoever wants something done again lets what runs end before.
  for (const { stepId } of world.open) world.end(stepId, { output: "done" })
  while (world.open.length > 0) for (const { stepId } of world.open) world.end(stepId, { output: "done" })
  return world
}

const chosen = (world: World, pick: number) => {
  const { steps = [] } = world.run.definition ?? {}
  return steps[pick % steps.length]?.id ?? ""
}

const check = (property: fc.IProperty<[Scenario]>) =>
  fc.assert(property, {
    numRuns: process.env.AGENTZ_TEST_LONG ? 5000 : 100,
    seed: Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31)),
    reporter(run) {
      console.log(`workflow/affected: SEED=${run.seed}, ${run.numRuns} runs, ${run.numSkips} skipped`)
      if (run.failed) throw new Error(fc.defaultReportMessage(run), { cause: run.errorInstance })
    },
  })

/** What had ended before the action and is done again after it. */
function again(
  world: World,
  act: () => readonly UnstampedRunEvent[],
): { readonly refused: boolean; readonly steps: readonly StepId[]; readonly ended: ReadonlySet<StepId> } {
  const ended = endedIn(world)
  const events = world.log.length
  const refused = act().some(({ type }) => type === "command_refused")
  settle(world)
  const touched = touchedSince(world, events)
  return { refused, ended, steps: stepsOnly(ended).filter((id) => touched.has(id)) }
}

const sorted = (ids: Iterable<StepId>) => [...ids].sort()

test("resuming from a step does it and what comes after it again, and nothing else that was done", () => {
  check(
    fc.property(scenario, (drawn) => {
      const world = started(drawn)
      fc.pre(world.run.status !== "completed")
      const stepId = chosen(world, drawn.pick)
      const action = { type: "resume_from", stepId } as const
      const told = affectedBy(world.run, action)
      fc.pre(told.running.length === 0)
      const expected = closure(drawn.definition, [stepId])
      expect(sorted(told.steps)).toEqual(sorted(expected))
      const { refused, steps, ended } = again(world, () => world.ask(action))
      expect(refused).toBe(false)
      expect(sorted(steps)).toEqual(sorted(told.again.filter((id) => ended.has(id))))
      expect(steps.every((id) => expected.has(id))).toBe(true)
      expect(world.run.illegal).toBe(0)
    }),
  )
})

test("trying a failed step again does it, and what had gone on without it, and nothing else that was done", () => {
  check(
    fc.property(scenario, (drawn) => {
      const world = started({ ...drawn, ends: null })
      const failed = [...world.run.steps.values()].filter(
        ({ stepId, status }) => status === "failed" && placeOf(stepId).index === null,
      )
      const { stepId = "" } = failed[drawn.pick % Math.max(failed.length, 1)] ?? {}
      fc.pre(stepId !== "" && world.run.status === "failed")
      const told = affectedBy(world.run, { type: "retry", stepId })
      const expected = closure(drawn.definition, [stepId])
      expect(sorted(told.steps)).toEqual(sorted(expected))
      const { refused, steps, ended } = again(world, () => world.ask({ type: "retry_step", stepId }))
      expect(refused).toBe(false)
      expect(sorted(steps)).toEqual(sorted(told.again.filter((id) => ended.has(id))))
      expect(world.run.illegal).toBe(0)
    }),
  )
})

test("skipping a step does again what had used it, and not the step", () => {
  check(
    fc.property(scenario, (drawn) => {
      const world = started(drawn)
      fc.pre(world.run.status !== "completed")
      const stepId = chosen(world, drawn.pick)
      const told = affectedBy(world.run, { type: "skip", stepId })
      fc.pre(told.running.length === 0)
      const expected = closure(drawn.definition, [stepId])
      expected.delete(stepId)
      expect(sorted(told.steps)).toEqual(sorted(expected))
      const { refused, steps, ended } = again(world, () =>
        world.ask({ type: "skip_step", stepId, output: "mine" }),
      )
      expect(refused).toBe(false)
      expect(sorted(steps.filter((id) => id !== stepId))).toEqual(
        sorted(told.again.filter((id) => ended.has(id))),
      )
      expect(world.run.steps.get(stepId)).toMatchObject({ status: "skipped", output: { value: "mine" } })
      expect(world.run.illegal).toBe(0)
    }),
  )
})

test("a fork does the step and what comes after it, takes over what else was done, and leaves the first run alone", () => {
  check(
    fc.property(scenario, (drawn) => {
      const world = started(drawn)
      const stepId = chosen(world, drawn.pick)
      const first = forkOf(world.run, { stepId })
      if (isRefusal(first)) throw new Error(first.refused.message)
      const told = affectedBy(world.run, { type: "fork", stepId })
      const done = new Set(
        [...world.run.steps.values()]
          .filter(({ status }) => status === "completed" || status === "skipped")
          .map((step) => step.stepId),
      )
      const fork = worldOf(drawn.definition, { first })
      settle(fork)
      const begun = stepsOnly(touchedSince(fork, 0))
      expect(sorted(begun.filter((id) => done.has(id)))).toEqual(
        sorted(told.steps.filter((id) => done.has(id) && begun.includes(id))),
      )
      expect(sorted(told.steps.filter((id) => done.has(id)))).toEqual(
        sorted(begun.filter((id) => done.has(id))),
      )
      expect(fork.run).toMatchObject({ status: "completed", illegal: 0 })
      for (const id of stepsOnly(done))
        if (!told.steps.includes(id))
          expect(fork.run.steps.get(id)?.output).toEqual(world.run.steps.get(id)?.output)
    }),
  )
})

test("resuming a failed run tries again what failed, and does nothing again that was done", () => {
  check(
    fc.property(scenario, (drawn) => {
      const world = started({ ...drawn, ends: null })
      fc.pre(world.run.status === "failed")
      const failed = [...world.run.steps.values()]
        .filter(
          ({ stepId, status }) =>
            status === "failed" &&
            !drawn.definition.steps.find(({ id }) => id === placeOf(stepId).id)?.onFailure,
        )
        .map(({ stepId }) => stepId)
      const told = affectedBy(world.run, { type: "resume" })
      const { steps } = again(world, () => world.ask({ type: "resume" }))
      expect(sorted(steps)).toEqual(sorted(stepsOnly(failed)))
      expect(sorted(stepsOnly(told.again))).toEqual(sorted(stepsOnly(failed)))
      expect(world.run).toMatchObject({ status: "completed", illegal: 0 })
    }),
  )
})
