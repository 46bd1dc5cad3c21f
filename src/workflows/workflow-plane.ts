/** The workflows' part of a control plane, put together. */
import type { PlaneContext } from "../plane-context.ts"
import { defining } from "./defining.ts"
import { runFoldsOf } from "./folds.ts"
import type { WorkflowPlane } from "./plane.ts"
import { running } from "./running.ts"
import { scheduling } from "./scheduling.ts"
import type { Wake } from "./waking.ts"
import { watchRuns } from "./watch-runs.ts"
import { webhooks } from "./webhooks.ts"

export function workflowPlane(
  context: PlaneContext,
  wake: Wake,
): {
  readonly plane: WorkflowPlane
  /** Starts what schedules are due, and a worker where one is needed, until `signal` aborts. */
  watch(signal: AbortSignal): Promise<void>
} {
  const folds = runFoldsOf(context.endpoint, context.patience)
  return {
    plane: {
      ...defining(context, folds),
      ...running(context, folds, wake),
      ...scheduling(context, folds),
      ...webhooks(context, folds, wake),
    },
    watch: (signal) => watchRuns(context, { folds, wake, signal }),
  }
}
