/** What is done at a step of a run. */
import type { Body, Step } from "./definition.ts"
import type { Run, StepState } from "./run.ts"
import { stepIn } from "./scope.ts"
import { placeOf, type StepId } from "./step-id.ts"

/** Of an item, what its map does with each. */
export function bodyOf(run: Run, stepId: StepId): Step | Body | undefined {
  const { id, index } = placeOf(stepId)
  const step = stepIn(run, id)
  return index !== null && step?.kind === "map" ? step.step : step
}

/** Something outside runs for it, which has to be ended where the step is to end. */
export const isOutside = (run: Run, stepId: StepId): boolean => {
  const kind = bodyOf(run, stepId)?.kind
  return kind === "agent" || kind === "command" || kind === "workflow"
}

/** How an event names the last attempt at the step. */
export const attemptOf = ({ stepId, generation, attempt }: StepState) => ({ stepId, generation, attempt })
