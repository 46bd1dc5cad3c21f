/** Runs of workflows as the tests start them, look at them by their logs, and take away whoever moves them on. */
import type { WorkerRun } from "#src/workflows/worker/ensure"
import type { RunId, SessionId } from "#streams/ids"
import { paths } from "#streams/paths"
import { readToTail } from "#streams/stream"
import { type FindEndpoint, wait } from "#streams/transport"
import type { Inputs } from "#streams/workflow/definition"
import { parseRunEvent, type RunEvent } from "#streams/workflow/event"
import { emptyRun, type Run, type StepStatus } from "#streams/workflow/run"
import { foldRun } from "#streams/workflow/run-fold"
import { type Installation, killHard, killPid, type Ready } from "./installation.ts"

/** Where the logs are. */
export interface Logs {
  readonly endpoint: FindEndpoint
}

/** A run in the directory of the installation, or in another. */
export async function startRun(
  agentz: Installation,
  up: Ready,
  source: string,
  {
    workingDir = agentz.workingDir,
    ...more
  }: { readonly workingDir?: string; readonly inputs?: Inputs; readonly idempotencyKey?: string } = {},
): Promise<RunId> {
  const { runId } = await agentz.client(up).workflow.start.mutate({ source, workingDir, ...more })
  return runId
}

/** As soon as there is one that lives. */
export async function workerOf(agentz: Installation): Promise<WorkerRun> {
  for (;;) {
    const [worker] = agentz.workers()
    if (worker) return worker
    await wait(10)
  }
}

/** Gives how many there were. */
export async function killWorkers(agentz: Installation): Promise<number> {
  const living = agentz.workers()
  for (const worker of living) await killPid(worker)
  return living.length
}

export async function killApiAndWorkers(
  agentz: Installation,
  up: Awaited<ReturnType<Installation["up"]>>,
): Promise<void> {
  await killHard(up.process)
  await killWorkers(agentz)
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
