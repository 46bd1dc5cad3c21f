/** What a run does on its way to a pause or to its cancellation: nothing begins, and what is open ends or is ended. */
import type { UnstampedRunEvent } from "./event.ts"
import { openSteps } from "./open-steps.ts"
import type { Now, Plan } from "./plan.ts"
import type { Run, StepState } from "./run.ts"
import { attemptOf, isOutside } from "./step-body.ts"

export const leaving = (run: Run, now: Now): Partial<Plan> =>
  run.leaving === "cancelling" ? cancelling(run) : pausing(run, now)

function cancelling(run: Run): Partial<Plan> {
  const open = [...run.steps.values()].filter(({ status }) => status === "running" || status === "waiting")
  const reason = run.cancelReason === null ? {} : { reason: run.cancelReason }
  if (open.length === 0) return { say: [{ type: "workflow_cancelled", ...reason }] }
  const outside = open.filter((step) => isOutside(run, step.stepId))
  return {
    say: open.filter((step) => !isOutside(run, step.stepId)).map(cancelled),
    stop: outside.map((step) => ({ ...attemptOf(step), why: "cancelled" })),
  }
}

const cancelled = (step: StepState): UnstampedRunEvent => ({
  type: "step_failed",
  ...attemptOf(step),
  error: { code: "step_cancelled", class: "cancelled", message: "The run was cancelled." },
  retryable: false,
})

/** Steps that wait for somebody go on waiting while the run is paused. */
function pausing(run: Run, now: Now): Partial<Plan> {
  const running = [...run.steps.values()].filter(
    (step) => step.status === "running" && isOutside(run, step.stepId),
  )
  if (running.length === 0) return { say: [{ type: "run_paused" }] }
  if (run.leaving === "interrupting")
    return { stop: running.map((step) => ({ ...attemptOf(step), why: "interrupted" })) }
  const { stop, wakeAt } = openSteps(run, now)
  return { stop, wakeAt }
}
