/** Which events are a step from where a run stands: the one table of it. */
import type { RunEvent, RunEventOf } from "./event.ts"
import { graphOf } from "./graph.ts"
import type { Run, StepState, StepStatus } from "./run.ts"
import { isBusy } from "./step-body.ts"
import type { StepId } from "./step-id.ts"

type Legal = { readonly [Type in RunEvent["type"]]: (run: Run, event: RunEventOf<Type>) => boolean }

/** Whether the event may follow. One of an epoch that nobody claimed may not. */
export function isLegal(run: Run, event: RunEvent): boolean {
  if (event.type !== "run_claimed" && event.type !== "run_created" && event.epoch !== run.epoch) return false
  return (LEGAL[event.type] as (run: Run, event: RunEvent) => boolean)(run, event)
}

const isLive = ({ status }: Run) => status === "running" || status === "paused"
const isOver = ({ status }: Run) => status === "completed" || status === "cancelled"
/** It may start things: nobody wants it to stop. */
export const isFree = ({ status, leaving }: Run): boolean => status === "running" && leaving === null
const isCancelling = ({ leaving }: Run) => leaving === "cancelling"

/** The attempt that the event speaks of is the last one, and stands like that. */
const attemptIs =
  (...statuses: readonly StepStatus[]) =>
  (
    run: Run,
    {
      stepId,
      generation,
      attempt,
    }: { readonly stepId: StepId; readonly generation: number; readonly attempt: number },
  ): boolean => {
    const step = run.steps.get(stepId)
    return (
      isLive(run) &&
      step !== undefined &&
      statuses.includes(step.status) &&
      step.generation === generation &&
      step.attempt === attempt
    )
  }

const OPEN = attemptIs("running", "waiting")
const RUNNING = attemptIs("running")

/** The step, where it is of that generation. */
const stepOf = (
  run: Run,
  { stepId, generation }: { readonly stepId: StepId; readonly generation: number },
): StepState | null => {
  const step = run.steps.get(stepId)
  return step?.generation === generation ? step : null
}

/** It holds nobody up who needs it: done, skipped, or failed where that is taken in. */
export function isSettled(run: Run, stepId: StepId): boolean {
  const step = run.steps.get(stepId)
  if (step?.status === "completed" || step?.status === "skipped") return true
  return step?.status === "failed" && isPassedOver(run, stepId)
}

/** Whether the run goes on as if the step were skipped when it has failed for good. */
export function isPassedOver({ definition, steps }: Run, stepId: StepId): boolean {
  const id = steps.get(stepId)?.place.id ?? stepId
  return definition !== null && graphOf(definition).steps.get(id)?.onFailure === "continue"
}

/** All that must be settled before it begins; an item begins while its map runs. */
export function isReady(run: Run, { place: { id, index } }: StepState): boolean {
  if (run.definition === null) return false
  if (index !== null) return run.steps.get(id)?.status === "running"
  for (const needed of graphOf(run.definition).needs.get(id) ?? []) if (!isSettled(run, needed)) return false
  return true
}

const every = (run: Run, holds: (step: StepState) => boolean): boolean => {
  for (const step of run.steps.values()) if (!holds(step)) return false
  return true
}

/** No attempt at it is open. */
const isShut = ({ status }: StepState) => status !== "running" && status !== "waiting"

const LEGAL: Legal = {
  run_created: (run, { epoch }) => run.definition === null && epoch === 0,
  run_claimed: (run, { epoch, n }) => run.definition !== null && epoch > run.epoch && n === 0,
  steps_adopted: (run) =>
    run.status === "pending" && run.epoch === 0 && every(run, ({ status }) => status === "pending"),

  step_start: (run, event) => {
    const step = stepOf(run, event)
    return (
      isFree(run) &&
      step?.status === "pending" &&
      step.retryAt === null &&
      event.attempt === step.attempt + 1 &&
      isReady(run, step)
    )
  },
  step_attached: OPEN,
  step_waiting: OPEN,
  step_stalled: RUNNING,
  step_complete: OPEN,
  step_failed: OPEN,
  step_interrupted: OPEN,
  step_retry: (run, event) => {
    const step = stepOf(run, event)
    if (step === null || isOver(run) || isCancelling(run)) return false
    const due = step.status === "pending" && step.retryAt !== null
    return event.cause === "due" ? due && isLive(run) : due || step.status === "failed"
  },
  step_skipped: (run, event) => {
    const step = stepOf(run, event)
    if (step === null || isOver(run) || isCancelling(run)) return false
    return event.cause === "when"
      ? isFree(run) && step.status === "pending" && isReady(run, step)
      : !isBusy(run, event.stepId)
  },
  map_expanded: (run, event) =>
    isLive(run) && stepOf(run, event)?.status === "running" && stepOf(run, event)?.items === null,
  steps_reset: (run, { steps, generation }) =>
    !isOver(run) &&
    !isCancelling(run) &&
    run.definition !== null &&
    generation > run.generation &&
    steps.every((id) => run.steps.has(id) && !isBusy(run, id)),

  run_pausing: (run) => run.status === "running" && !isCancelling(run),
  run_paused: (run) => run.status === "running" && run.leaving !== null && !isCancelling(run),
  run_resumed: (run) => !isOver(run) && run.status !== "pending" && !isCancelling(run),
  run_cancelling: (run) => !isOver(run) && !isCancelling(run),

  workflow_complete: (run) =>
    run.status === "running" &&
    !isCancelling(run) &&
    every(run, ({ place, stepId }) => place.index !== null || isSettled(run, stepId)),
  workflow_failed: (run) => run.status === "running" && !isCancelling(run) && every(run, isShut),
  workflow_cancelled: (run) => isCancelling(run) && every(run, isShut),

  budget_reached: isLive,
  budget_changed: (run) => !isOver(run),
  signal_received: (run) => !isOver(run),
  command_refused: () => true,
  command_void: () => true,
}
