/** Sees for as long as it runs that schedules start what is due, and that a worker lives while there is work. */
import { wait } from "#streams/transport"
import { isAsked, type RunEntry } from "#streams/workflow/registry"
import { errorFields } from "../log.ts"
import type { PlaneContext } from "../plane-context.ts"
import type { RunFolds } from "./folds.ts"
import { startDue } from "./scheduling.ts"
import type { Wake } from "./waking.ts"
import { isAbandoned, liveWorker } from "./worker/ensure.ts"

const LOOK_MS = 1_000

/** Resolves when `signal` has aborted. */
export async function watchRuns(
  context: PlaneContext,
  { folds, wake, signal }: { readonly folds: RunFolds; readonly wake: Wake; readonly signal: AbortSignal },
): Promise<void> {
  const { home, log } = context
  async function look(): Promise<void> {
    if (await startDue(context, folds, Date.now())) wake()
    if ((await liveWorker(home.path)) !== null) return
    const { value } = await folds.runs()
    const needed = [...value.values()].some((run) => needsWorker(run, Date.now()))
    if (needed || isAbandoned(home.path)) wake()
  }
  while (!signal.aborted) {
    await look().catch((error: unknown) => log({ event: "watch_runs_failed", ...errorFields(error) }))
    await wait(LOOK_MS, signal).catch(() => undefined)
  }
}

/** A worker leaves runs alone in which nothing but people and time can move anything. */
function needsWorker(run: RunEntry, now: number): boolean {
  const { status, progress } = run
  if (isAsked(run)) return true
  if (status !== "running" && status !== "pending") return false
  if (progress === null || progress.steps.running > 0) return true
  return progress.wakeAt !== null && Date.parse(progress.wakeAt) <= now
}
