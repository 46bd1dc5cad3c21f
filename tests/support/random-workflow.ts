/** Definitions and outcomes that fast-check makes up. */
import fc from "fast-check"
import type { Step, WorkflowDefinition } from "#streams/workflow/definition"
import type { StepId } from "#streams/workflow/step-id"
import type { Outcome } from "./workflow-world.ts"

/** A graph of up to `most` steps of all kinds, each of which may need any of those before it. */
export const anyDefinition = (most = 9): fc.Arbitrary<WorkflowDefinition> =>
  fc
    .array(
      fc.record({
        needs: fc.array(fc.nat(), { maxLength: 3 }),
        kind: fc.constantFrom<Step["kind"]>(
          "command",
          "command",
          "agent",
          "transform",
          "approval",
          "wait",
          "map",
        ),
        lenient: fc.boolean(),
        items: fc.integer({ min: 0, max: 3 }),
      }),
      { minLength: 1, maxLength: most },
    )
    .map((steps) => ({
      name: "random",
      steps: steps.map(({ needs, ...drawn }, index): Step => {
        const before = index === 0 ? [] : [...new Set(needs.map((need) => `s${need % index}`))]
        return stepOf(`s${index}`, { needs: before, ...drawn })
      }),
    }))

function stepOf(
  id: StepId,
  {
    kind,
    lenient,
    items,
    needs,
  }: {
    readonly kind: Step["kind"]
    readonly lenient: boolean
    readonly items: number
    readonly needs: readonly StepId[]
  },
): Step {
  const placed = { id, needs: [...needs], ...(lenient && { onFailure: "continue" as const }) }
  switch (kind) {
    case "command":
      return { ...placed, kind, command: ["x"] }
    case "agent":
      return { ...placed, kind, agent: "demo", prompt: "p" }
    case "transform":
      return { ...placed, kind, value: "{{ 1 + 1 }}" }
    case "approval":
      return { ...placed, kind, question: "Go on?" }
    case "wait":
      return { ...placed, kind, for: "1m" }
    case "map": {
      const list = JSON.stringify(Array.from({ length: items }, (_, index) => index))
      return { ...placed, kind, over: list, step: { kind: "command", command: ["{{item}}"] } }
    }
    case "workflow":
      return { ...placed, kind, workflow: "other" }
  }
}

/** Mostly it is done; sometimes it breaks, for a while or for good, or is lost. */
export const anyOutcome: fc.Arbitrary<Outcome> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Outcome>({ output: "done" }) },
  { weight: 2, arbitrary: fc.constant<Outcome>({ error: { class: "transient" } }) },
  { weight: 1, arbitrary: fc.constant<Outcome>({ error: { class: "validation" } }) },
  { weight: 1, arbitrary: fc.constant<Outcome>({ lost: true }) },
)
