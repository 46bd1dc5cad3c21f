/** What is done at a step of a run. */
import type { Body } from "./definition.ts"
import type { Run, StepState } from "./run.ts"
import { stepIn } from "./scope.ts"
import { itemId, placeOf, type StepId } from "./step-id.ts"

/** Of an item, what its map does with each; of the map itself nothing. */
export function bodyOf(run: Run, stepId: StepId): Body | undefined {
  const { id, index } = placeOf(stepId)
  const step = stepIn(run, id)
  if (step?.kind !== "map") return step
  return index === null ? undefined : step.step
}

/** Something outside runs for it, which has to be ended where the step is to end. */
export const isOutside = (run: Run, stepId: StepId): boolean => {
  const kind = bodyOf(run, stepId)?.kind
  return kind === "agent" || kind === "command" || kind === "workflow"
}

/** The type of the agent that does it; `null` where none does. */
export const agentOf = (body: Body): string | null =>
  body.kind === "agent" ? (body.agent ?? DEFAULT_AGENT) : null

/** What a workflow that names no agent is done by. */
export const DEFAULT_AGENT = "demo"

/** How an event names the last attempt at the step. */
export const attemptOf = ({ stepId, generation, attempt }: StepState) => ({ stepId, generation, attempt })

/** Something outside runs for it now, also while that waits for an answer; of a map, for one of its items. */
export function isBusy(run: Run, stepId: StepId): boolean {
  const step = run.steps.get(stepId)
  if (step === undefined) return false
  if (step.items === null)
    return (step.status === "running" || step.status === "waiting") && isOutside(run, stepId)
  for (let index = 0; index < step.items.count; index++) if (isBusy(run, itemId(stepId, index))) return true
  return false
}
