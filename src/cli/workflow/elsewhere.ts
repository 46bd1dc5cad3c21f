/** Runs that a worker of another host holds: only a person knows whether that host comes back. */
import { machineName } from "#daemon/process/machine"
import type { Run } from "#streams/workflow/run"
import { isOutside } from "#streams/workflow/step-body"
import type { StepId } from "#streams/workflow/step-id"

export interface Elsewhere {
  readonly host: string
  /** Steps that run there. Whoever takes the run over begins them again. */
  readonly steps: readonly StepId[]
}

/** `null` where it is held here, or by nobody. */
export function elsewhere(run: Run, here = machineName()): Elsewhere | null {
  const { owner, status, steps } = run
  if (owner === null || owner.host === here || status !== "running") return null
  const running = [...steps.values()].filter(
    ({ stepId, status: of }) => of === "running" && isOutside(run, stepId),
  )
  return { host: owner.host, steps: running.map(({ stepId }) => stepId) }
}
