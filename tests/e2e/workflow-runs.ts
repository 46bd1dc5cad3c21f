/** Runs of workflows as the tests look at them: by their logs. */
import type { RunId } from "#streams/ids"
import { paths } from "#streams/paths"
import { readToTail } from "#streams/stream"
import { wait } from "#streams/transport"
import { parseRunEvent, type RunEvent } from "#streams/workflow/event"
import { emptyRun, type Run } from "#streams/workflow/run"
import { foldRun } from "#streams/workflow/run-fold"
import type { Installation } from "./installation.ts"

/** What is in the log, raw. */
export async function runEventsOf(agentz: Installation, runId: RunId): Promise<RunEvent[]> {
  const events: RunEvent[] = []
  for await (const { items } of readToTail(agentz.endpoint, paths.runEvents(runId)))
    for (const item of items) {
      const event = parseRunEvent(item)
      if (!event) throw new Error(`Not an event: ${JSON.stringify(item)}`)
      events.push(event)
    }
  return events
}

const runOf = async (agentz: Installation, runId: RunId): Promise<Run> =>
  foldRun(emptyRun(runId), await runEventsOf(agentz, runId))

/** Waits until the run is as wanted; fails with what it is instead. */
export async function untilRun(
  agentz: Installation,
  runId: RunId,
  what: string,
  wanted: (run: Run) => boolean,
  withinMs = 60_000,
): Promise<Run> {
  const limit = performance.now() + withinMs
  for (;;) {
    const run = await runOf(agentz, runId).catch(() => emptyRun(runId))
    if (wanted(run)) return run
    if (performance.now() > limit) {
      const steps = [...run.steps.values()].map(({ stepId, status, error }) => ({ stepId, status, error }))
      throw new Error(`Never ${what}: ${run.status}, ${JSON.stringify(steps)}`)
    }
    await wait(50)
  }
}
