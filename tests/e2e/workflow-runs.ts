/** Runs of workflows as the tests look at them: by their logs. */
import type { RunId, SessionId } from "#streams/ids"
import { paths } from "#streams/paths"
import { readToTail } from "#streams/stream"
import { type FindEndpoint, wait } from "#streams/transport"
import { parseRunEvent, type RunEvent } from "#streams/workflow/event"
import { emptyRun, type Run, type StepStatus } from "#streams/workflow/run"
import { foldRun } from "#streams/workflow/run-fold"

/** Where the logs are. */
export interface Logs {
  readonly endpoint: FindEndpoint
}

/** What is in the log, raw. */
export async function runEventsOf(agentz: Logs, runId: RunId): Promise<RunEvent[]> {
  const events: RunEvent[] = []
  for await (const { items } of readToTail(agentz.endpoint, paths.runEvents(runId)))
    for (const item of items) {
      const event = parseRunEvent(item)
      if (!event) throw new Error(`Not an event: ${JSON.stringify(item)}`)
      events.push(event)
    }
  return events
}

export const runOf = async (agentz: Logs, runId: RunId): Promise<Run> =>
  foldRun(emptyRun(runId), await runEventsOf(agentz, runId))

/** Waits until the run is as wanted; fails with what it is instead. */
export async function untilRun(
  agentz: Logs,
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

export const untilStatus = (
  agentz: Logs,
  runId: RunId,
  status: Run["status"],
  withinMs?: number,
): Promise<Run> => untilRun(agentz, runId, status, (run) => run.status === status, withinMs)

export const untilStep = (
  agentz: Logs,
  { runId, stepId }: { readonly runId: RunId; readonly stepId: string },
  status: StepStatus,
  withinMs?: number,
): Promise<Run> =>
  untilRun(
    agentz,
    runId,
    `${stepId} ${status}`,
    ({ steps }) => steps.get(stepId)?.status === status,
    withinMs,
  )

/** The session of the last attempt at the step. */
export function sessionOfStep({ steps }: Run, stepId: string): SessionId {
  const sessionId = steps.get(stepId)?.attempts.at(-1)?.sessionId
  if (!sessionId) throw new Error(`Step ${stepId} has no session.`)
  return sessionId
}
