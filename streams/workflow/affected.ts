/** What an action makes run again, told before it is done: the same answer for the page, the command line and the worker. */
import { withDescendants } from "./graph.ts"
import type { Run, StepState } from "./run.ts"
import { stepIn } from "./scope.ts"
import { isBusy } from "./step-body.ts"
import { placeOf, type StepId } from "./step-id.ts"

export type Action =
  /** Tries again what failed. */
  | { readonly type: "resume" }
  | { readonly type: "resume_from" | "retry" | "skip" | "fork"; readonly stepId: StepId }

export interface Affected {
  /** All that runs because of it, in order: the step and whatever comes after it. For `skip` without the step. */
  readonly steps: readonly StepId[]
  /** Those of them that have run before. */
  readonly again: readonly StepId[]
  /** What runs now, and must end first. */
  readonly running: readonly StepId[]
}

export function affectedBy(run: Run, action: Action): Affected {
  const steps = stepsOf(run, action)
  const states = steps.map((id) => run.steps.get(id)).filter((state) => state !== undefined)
  return {
    steps,
    again: states.filter(hasBegun).map(({ stepId }) => stepId),
    running: busyOf(run, action.type === "skip" ? [action.stepId, ...steps] : steps),
  }
}

const busyOf = (run: Run, ids: readonly StepId[]): readonly StepId[] =>
  [...new Set(ids)].filter((id) => isBusy(run, id))

/** It has run, was skipped, or is open. */
export const hasBegun = ({ status, attempt, retryAt }: StepState): boolean =>
  status !== "pending" || attempt > 0 || retryAt !== null

function stepsOf(run: Run, action: Action): readonly StepId[] {
  const { definition } = run
  if (definition === null) return []
  if (action.type === "resume") {
    const failed = failedSteps(run)
    const places = new Set(failed.map((id) => placeOf(id).id))
    return merged(run, failed, withDescendants(definition, places))
  }
  const { id, index } = placeOf(action.stepId)
  if (stepIn(run, id) === undefined) return []
  const reached = withDescendants(definition, [id])
  if (index === null) return action.type === "skip" ? reached.filter((one) => one !== id) : reached
  // An item is gathered anew by its map, which is then what others have to wait for.
  return action.type === "skip" ? reached : merged(run, [action.stepId], reached)
}

/** Items stand behind their map. */
const merged = (run: Run, items: readonly StepId[], steps: readonly StepId[]): readonly StepId[] => {
  const all = new Set([...items, ...steps])
  return steps
    .flatMap((id) => [id, ...items.filter((item) => item !== id && placeOf(item).id === id)])
    .filter((id) => all.delete(id) && run.steps.has(id))
}

/** Those that failed for good and hold somebody up: what a resume tries again. Items of maps are named for themselves. */
export const failedSteps = (run: Run): readonly StepId[] =>
  [...run.steps.values()]
    .filter(({ place, status }) => status === "failed" && stepIn(run, place.id)?.onFailure !== "continue")
    .map(({ stepId }) => stepId)
