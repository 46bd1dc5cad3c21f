/** How long an attempt may take. */
import type { StepFailure } from "./event.ts"
import type { Run } from "./run.ts"
import { bodyOf, isOutside } from "./step-body.ts"
import type { StepId } from "./step-id.ts"

/** As a duration. The default of the workflow is for what runs, not for who is waited for. */
export function timeoutOf(run: Run, stepId: StepId): string | null {
  const own = bodyOf(run, stepId)?.timeout
  return own ?? (isOutside(run, stepId) ? run.definition?.defaults?.timeout : undefined) ?? null
}

export const timeoutFailure = (timeout: string): StepFailure => ({
  code: "step_timeout",
  class: "timeout",
  message: `The step took longer than its timeout of ${timeout}.`,
  hint: "Give it a longer `timeout`, or find out what holds it up, and retry it.",
})
