/** How a run is told to a model: how it stands, what its steps are at, and what it waits for. */
import { z } from "zod"
import { Failure } from "#streams/event"
import { RUN_STATUSES, type Run, STEP_STATUSES, type StepState } from "#streams/workflow/run"
import type { RunView, WorkflowPlane } from "../workflows/plane.ts"

/** What of an output fits into a model's context, as JSON. */
const OUTPUT_LENGTH = 24_000

const StepTold = z.object({
  stepId: z.string(),
  status: z.enum(STEP_STATUSES),
  attempts: z.number(),
  sessionId: z.string().nullable(),
  waitsFor: z.record(z.string(), z.unknown()).nullable(),
  retryAt: z.string().nullable(),
  silentSince: z.string().nullable(),
  error: Failure.nullable(),
})

export const RunTold = z.object({
  runId: z.string(),
  workflow: z.string(),
  title: z.string(),
  status: z.enum(RUN_STATUSES),
  over: z.boolean().describe("nothing more happens by itself: it has ended, failed or is paused"),
  asksPerson: z.boolean().describe("a step waits for an answer or a signal, which is given in agentz"),
  steps: z.array(StepTold),
  output: z.unknown().describe("what the run gave, when it is completed"),
  outputCut: z.boolean().describe("the output is long: this is the beginning of it, as text"),
  error: Failure.nullable(),
  runsAgain: z.array(z.string()).describe("what invoke_resume would do again"),
  costUsd: z.number(),
  offset: z.string().describe("for invoke_stream: what comes after all that is told here"),
})

export async function runTold(
  workflows: Pick<WorkflowPlane, "output">,
  { run, title, offset, resume }: RunView,
): Promise<z.input<typeof RunTold>> {
  const { runId, status, error, usage } = run
  const { output } = status === "completed" ? await workflows.output({ runId }) : {}
  const text = JSON.stringify(output ?? null)
  const cut = text.length > OUTPUT_LENGTH
  return {
    runId,
    workflow: run.definition?.name ?? "",
    title,
    status,
    over: isOver(run),
    asksPerson: asksPerson(run),
    steps: [...run.steps.values()].map(stepTold),
    output: cut ? text.slice(0, OUTPUT_LENGTH) : (output ?? null),
    outputCut: cut,
    error,
    runsAgain: resume.refused === null ? [...resume.again] : [],
    costUsd: usage.costUsd,
    offset,
  }
}

const stepTold = ({ stepId, status, attempts, waitingFor, retryAt, stalledSince, error }: StepState) => ({
  stepId,
  status,
  attempts: attempts.length,
  sessionId: attempts.at(-1)?.sessionId ?? null,
  waitsFor: waitingFor,
  retryAt,
  silentSince: stalledSince,
  error: error && failureTold(error),
})

const failureTold = ({ code, message, hint }: Failure): Failure => ({ code, message, ...(hint && { hint }) })

export const isOver = ({ status }: Pick<Run, "status">): boolean =>
  status !== "pending" && status !== "running"

/** Whether a step waits for somebody rather than for a time. */
export const asksPerson = ({ steps }: Pick<Run, "steps">): boolean =>
  [...steps.values()].some(({ waitingFor }) =>
    ["approval", "signal", "session"].includes(waitingFor?.type ?? ""),
  )
