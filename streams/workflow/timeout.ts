/** How long an attempt may take. */
import { durationMs } from "./duration.ts"
import type { StepFailure } from "./event.ts"
import type { Run, StepState } from "./run.ts"
import { bodyOf, isOutside } from "./step-body.ts"
import type { StepId } from "./step-id.ts"

/** As a duration. The default of the workflow is for what runs, not for who is waited for. */
export function timeoutOf(run: Run, stepId: StepId): string | null {
  const own = bodyOf(run, stepId)?.timeout
  return own ?? (isOutside(run, stepId) ? run.definition?.defaults?.timeout : undefined) ?? null
}

/** When the last attempt must have ended; `null`: it may take as long as it likes. */
export function timeoutAt(run: Run, { stepId, attempts }: StepState): number | null {
  const timeout = timeoutOf(run, stepId)
  return timeout === null ? null : Date.parse(attempts.at(-1)?.startedAt ?? "") + durationMs(timeout)
}

export const timeoutFailure = (timeout: string): StepFailure => ({
  code: "step_timeout",
  class: "timeout",
  message: `The step took longer than its timeout of ${timeout}.`,
  hint: "Give it a longer `timeout`, or find out what holds it up, and retry it.",
})
