/** An attempt that is a run of another workflow. The run is named by the attempt, so starting it again finds it. */
import { type RunId, runIdOf } from "#streams/ids"
import { wait } from "#streams/transport"
import type { Body, Json } from "#streams/workflow/definition"
import type { StepUsage } from "#streams/workflow/event"
import type { Runs } from "#streams/workflow/registry"
import { attemptKey, type Run } from "#streams/workflow/run"
import { errorFields } from "../../log.ts"
import type { PlaneContext } from "../../plane-context.ts"
import { Problem } from "../../problem.ts"
import { askRun } from "../ask-run.ts"
import type { RunFolds } from "../folds.ts"
import { definitionOf, makeRun } from "../starting.ts"
import type { Attempt, Attended, Finding } from "./attempt.ts"
import { isEnd } from "./attempt.ts"
import type { Rows } from "./rows.ts"
import { classOf } from "./standing.ts"

export interface RunStepDeps {
  readonly context: PlaneContext
  readonly runFolds: RunFolds
  /** Of the list of runs. */
  readonly runs: Rows<Runs>
}

export interface RunAttempt extends Attempt<Extract<Body, { kind: "workflow" }>> {
  readonly workingDir: string
}

const runOfAttempt = ({ runId, name }: Pick<RunAttempt, "runId" | "name">): Promise<RunId> =>
  runIdOf(attemptKey(runId, name))

/** A list may be silent for as long as its run is; this is for rows that were lost with their writer. */
const LOOK_MS = 15_000

export function attendRun(deps: RunStepDeps, attempt: RunAttempt): Attended {
  const { context, runFolds, runs } = deps
  const closing = new AbortController()
  const { signal } = closing
  let over = false

  const attending = (async () => {
    const childRunId = await runOfAttempt(attempt)
    const refused = await startChild(deps, attempt, signal)
    if (refused !== null) return attempt.report(refused)
    using row = runs.watch(childRunId)
    while (!over && !signal.aborted) {
      const finding = findingIn((await runFolds.run(childRunId)).run)
      if (over || signal.aborted) return
      over = finding !== null && isEnd(finding)
      if (finding !== null) attempt.report(finding)
      else await Promise.race([row.next(), wait(LOOK_MS, signal).catch(() => undefined)])
    }
  })().catch((error: unknown) => {
    if (!signal.aborted) context.log({ event: "child_run_lost", ...errorFields(error) })
  })

  return {
    async stop() {
      over = true
      const childRunId = await runOfAttempt(attempt)
      if (runs.value.has(childRunId))
        await askRun(context, childRunId, {
          type: "cancel",
          reason: "The step that it is the run of was ended.",
        })
      while (runs.value.has(childRunId) && !isAtRest((await runFolds.run(childRunId)).run)) await wait(200)
      closing.abort()
      await attending
      return null
    },
    [Symbol.dispose]: () => closing.abort(),
  }
}

const isAtRest = ({ status }: Run) => status === "completed" || status === "failed" || status === "cancelled"

async function startChild(
  { context, runFolds }: RunStepDeps,
  { runId, name, body, workingDir }: RunAttempt,
  signal: AbortSignal,
): Promise<Extract<Finding, { type: "failed" }> | null> {
  const idempotencyKey = attemptKey(runId, name)
  for (;;) {
    try {
      if ((await runFolds.runs()).value.has(await runIdOf(idempotencyKey))) return null
      const definition = await definitionOf(runFolds, { name: body.workflow })
      const { inputs = {} } = body
      const parent = { runId, ...name }
      await makeRun(context, {
        definition,
        inputs,
        workingDir,
        startedBy: "workflow",
        idempotencyKey,
        parent,
      })
      return null
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      if (!error.reason.startsWith("storage_"))
        return {
          type: "failed",
          error: { code: error.reason, class: classOf(error.reason), message: error.message },
        }
    }
    await wait(1_000, signal)
  }
}

function findingIn({ status, error, failedStep, output, usage }: Run): Finding | null {
  const used: { readonly usage: StepUsage } = { usage }
  if (status === "completed") {
    const given =
      output.type === "value"
        ? { output: output.value as Json }
        : output.type === "blob"
          ? { outputBlob: output.ref }
          : {}
    return { type: "ended", ...given, ...used }
  }
  if (status === "cancelled")
    return {
      type: "failed",
      error: {
        code: "run_cancelled",
        class: "cancelled",
        message: "The run that this step is was cancelled.",
      },
      ...used,
    }
  if (status !== "failed") return null
  const where = failedStep === null ? "" : ` at step ${failedStep}`
  return {
    type: "failed",
    error: {
      code: "run_failed",
      class: "transient",
      message: `The run that this step is failed${where}: ${error?.message ?? "it did not say why."}`,
    },
    ...used,
  }
}
