/** How a run ends, once nothing of it is open and nothing more can begin. */
import type { BlobRef, Failure } from "../event.ts"
import type { UnstampedRunEvent } from "./event.ts"
import { graphOf } from "./graph.ts"
import type { Now } from "./plan.ts"
import { type Resolved, resolveOutputs } from "./resolve.ts"
import type { Run, StepOutput, StepState } from "./run.ts"
import { type Blobs, readOutput } from "./scope.ts"
import { outputTextsOf } from "./texts.ts"
import { isPassedOver, isReady, isSettled } from "./transition.ts"

export interface Ending {
  readonly say: readonly UnstampedRunEvent[]
  readonly load: readonly BlobRef[]
}

export function ending(run: Run, { blobs }: Now): Ending {
  const steps = [...run.steps.values()]
  if (run.definition === null || steps.some((step) => mayMove(run, step))) return { say: [], load: [] }
  if (!run.definition.steps.every(({ id }) => isSettled(run, id)))
    return { say: [failed(run, steps)], load: [] }
  const output = outputOf(run, blobs)
  if (output.type === "load") return { say: [], load: output.blobs }
  return output.type === "wrong"
    ? { say: [{ type: "workflow_failed", error: output.error }], load: [] }
    : { say: [{ type: "workflow_complete", ...output.value }], load: [] }
}

/** It is open, or will be: when its pause is over, there is a place, or something was read. */
const mayMove = (run: Run, step: StepState): boolean =>
  step.status === "running" ||
  step.status === "waiting" ||
  (step.status === "pending" && (step.retryAt !== null || isReady(run, step)))

/** The first step that failed for good says why. */
function failed(run: Run, steps: readonly StepState[]): UnstampedRunEvent {
  const step = steps.find(
    ({ stepId, place, status }) => status === "failed" && place.index === null && !isPassedOver(run, stepId),
  )
  const error: Failure = {
    code: step?.error?.code ?? "step_failed",
    message: `Step ${step?.stepId} failed: ${step?.error?.message ?? "nobody said why."}`,
    hint:
      step?.error?.hint ?? "Mend what it says, then resume the run; steps that are done are not done again.",
  }
  return { type: "workflow_failed", error, ...(step && { stepId: step.stepId }) }
}

type Output = Pick<Extract<UnstampedRunEvent, { type: "workflow_complete" }>, "output" | "outputBlob">

/** What the definition says; else what the last step gave, or where there are several, of each by its name. */
function outputOf(run: Run, blobs: Blobs): Resolved<Output> {
  const { definition } = run
  if (definition === null) return { type: "known", value: {} }
  if (definition.outputs !== undefined) {
    const texts = outputTextsOf(definition)
    const outputs = resolveOutputs(run, definition.outputs, { texts, blobs })
    return outputs.type === "known" ? { type: "known", value: { output: outputs.value } } : outputs
  }
  const { neededBy } = graphOf(definition)
  const last = definition.steps.flatMap(({ id }) => {
    const step = neededBy.get(id)?.size === 0 ? run.steps.get(id) : undefined
    return step === undefined || step.output.type === "none" ? [] : [step]
  })
  const [only] = last
  if (last.length <= 1) return { type: "known", value: only === undefined ? {} : asSaid(only.output) }
  const read = last.map((step) => ({ id: step.stepId, output: readOutput(step.output, blobs) }))
  const missing = read.flatMap(({ output }) => (output.type === "load" ? output.blobs : []))
  if (missing.length > 0) return { type: "load", blobs: missing }
  const byName = read.map(({ id, output }) => [
    id,
    output.type === "known" ? asSaid(output.value).output : null,
  ])
  return { type: "known", value: { output: Object.fromEntries(byName) } }
}

const asSaid = (output: StepOutput): Output => {
  if (output.type === "blob") return { outputBlob: output.ref }
  return output.type === "value" ? { output: output.value } : {}
}
