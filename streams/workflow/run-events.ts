/** What each event makes of a run, once it is known to be legal. */
import type { RunEvent, StepUsage } from "./event.ts"
import { type Attempt, newStep, type StepOutput, type StepState } from "./run.ts"
import type { Draft } from "./run-fold.ts"
import { itemId, type StepId } from "./step-id.ts"

type Of<Type extends RunEvent["type"]> = Extract<RunEvent, { type: Type }>

export function applyRunEvent(draft: Draft, event: RunEvent): void {
  switch (event.type) {
    case "run_created":
      draft.definition = event.definition
      draft.inputs = event.inputs
      draft.workingDir = event.workingDir
      draft.startedBy = event.startedBy
      draft.parent = event.parent ?? null
      draft.forkedFrom = event.forkedFrom ?? null
      draft.budget = event.definition.budget ?? {}
      for (const { id } of event.definition.steps) draft.steps.set(id, newStep(id))
      return

    case "run_claimed":
      draft.owner = event.owner
      draft.incarnation = event.incarnation
      if (draft.status === "pending") goesOn(draft, event.at)
      return

    case "steps_adopted":
      for (const adopted of event.steps) adopt(draft, adopted, event.at)
      return

    case "step_start":
      change(draft, event.stepId, (step) => ({
        ...step,
        status: "running",
        attempt: event.attempt,
        waitingFor: null,
        stalledSince: null,
        attempts: [...step.attempts, begun(event, draft.owner?.host ?? null)],
      }))
      return

    case "step_attached":
      change(draft, event.stepId, (step) => ({
        ...step,
        status: "running",
        waitingFor: null,
        stalledSince: null,
        attempts: withLast(step, { sessionId: event.sessionId ?? step.attempts.at(-1)?.sessionId ?? null }),
      }))
      return

    case "step_waiting":
      change(draft, event.stepId, (step) => ({
        ...step,
        status: "waiting",
        waitingFor: event.for,
        stalledSince: null,
      }))
      return

    case "step_stalled":
      change(draft, event.stepId, (step) => ({ ...step, stalledSince: event.since }))
      return

    case "step_complete":
      takeSignal(draft, event.stepId)
      complete(draft, event)
      return

    case "step_failed":
      fail(draft, event)
      return

    case "step_interrupted":
      change(draft, event.stepId, (step) => ({
        ...atRest(step),
        status: "pending",
        attempts: withLast(step, { endedAt: event.at, outcome: "interrupted" }),
      }))
      return

    case "step_retry":
      change(draft, event.stepId, (step) => ({
        ...step,
        status: "pending",
        retryAt: null,
        ...(event.cause === "asked" && { failures: 0, recoveries: 0, input: event.input ?? step.input }),
      }))
      return

    case "step_skipped":
      forgetItems(draft, event.stepId)
      change(draft, event.stepId, (step) => ({
        ...atRest(step),
        status: "skipped",
        items: null,
        output: outputOf(event),
        exitCode: null,
        workingDir: null,
        error: null,
        attempts:
          step.status === "waiting"
            ? withLast(step, { endedAt: event.at, outcome: "interrupted" })
            : step.attempts,
      }))
      return

    case "map_expanded": {
      const { stepId, count, items, itemsBlob } = event
      const values = outputOf({ output: items, outputBlob: itemsBlob })
      change(draft, stepId, (step) => ({ ...step, items: { count, values } }))
      for (let index = 0; index < count; index++) {
        const id = itemId(stepId, index)
        draft.steps.set(id, newStep(id, event.generation))
      }
      return
    }

    case "steps_reset":
      reset(draft, event)
      return

    case "run_pausing":
      draft.leaving = event.interrupt || draft.leaving === "interrupting" ? "interrupting" : "pausing"
      return

    case "run_paused":
      draft.status = "paused"
      draft.leaving = null
      stops(draft, event.at)
      return

    case "run_resumed":
      draft.leaving = null
      draft.error = null
      draft.failedStep = null
      draft.endedAt = null
      goesOn(draft, event.at)
      return

    case "run_cancelling":
      draft.leaving = "cancelling"
      draft.cancelReason = event.reason ?? null
      return

    case "workflow_complete":
      draft.output = outputOf(event)
      ends(draft, "completed", event.at)
      return

    case "workflow_failed":
      draft.error = event.error
      draft.failedStep = event.stepId ?? null
      ends(draft, "failed", event.at)
      return

    case "workflow_cancelled":
      ends(draft, "cancelled", event.at)
      return

    case "budget_reached":
      draft.budgetReached = { kind: event.kind, used: event.used, limit: event.limit }
      return

    case "budget_changed":
      draft.budget = event.budget
      draft.budgetReached = null
      return

    case "signal_received":
      draft.signals = [...draft.signals, { name: event.name, payload: event.payload }]
      return

    case "command_refused":
    case "command_void":
      return
  }
}

function change(draft: Draft, stepId: StepId, to: (step: StepState) => StepState): void {
  const step = draft.steps.get(stepId)
  if (step !== undefined) draft.steps.set(stepId, to(step))
}

const begun = (event: Of<"step_start">, host: string | null): Attempt => ({
  generation: event.generation,
  attempt: event.attempt,
  sessionId: event.sessionId ?? null,
  childRunId: event.childRunId ?? null,
  host,
  startedAt: event.at,
  endedAt: null,
  outcome: "open",
  output: { type: "none" },
  exitCode: null,
  error: null,
  usage: null,
})

const withLast = ({ attempts }: StepState, change: Partial<Attempt>): readonly Attempt[] => {
  const last = attempts.at(-1)
  return last === undefined ? attempts : [...attempts.slice(0, -1), { ...last, ...change }]
}

/** Nothing of it is open any more. */
const atRest = (step: StepState): StepState => ({
  ...step,
  retryAt: null,
  waitingFor: null,
  stalledSince: null,
})

const outputOf = ({
  output,
  outputBlob,
}: Partial<Pick<Of<"step_complete">, "output" | "outputBlob">>): StepOutput => {
  if (outputBlob !== undefined) return { type: "blob", ref: outputBlob }
  return output === undefined ? { type: "none" } : { type: "value", value: output }
}

function complete(draft: Draft, event: Of<"step_complete">): void {
  const { usage = null, exitCode = null, workingDir = null } = event
  const output = outputOf(event)
  change(draft, event.stepId, (step) => ({
    ...atRest(step),
    status: "completed",
    output,
    exitCode,
    workingDir,
    error: null,
    attempts: withLast(step, { endedAt: event.at, outcome: "completed", output, exitCode, usage }),
  }))
  count(draft, usage)
}

function fail(draft: Draft, event: Of<"step_failed">): void {
  const { error, exitCode = null, usage = null, retryAt = null, lost = false } = event
  change(draft, event.stepId, (step) => ({
    ...atRest(step),
    status: retryAt === null ? "failed" : "pending",
    failures: step.failures + (lost ? 0 : 1),
    recoveries: step.recoveries + (lost ? 1 : 0),
    retryAt,
    exitCode,
    error,
    attempts: withLast(step, {
      endedAt: event.at,
      outcome: lost ? "lost" : "failed",
      exitCode,
      error,
      usage,
    }),
  }))
  count(draft, usage)
}

function count(draft: Draft, usage: StepUsage | null): void {
  if (usage === null) return
  draft.usage = {
    inputTokens: draft.usage.inputTokens + usage.inputTokens,
    outputTokens: draft.usage.outputTokens + usage.outputTokens,
    costUsd: draft.usage.costUsd + (usage.costUsd ?? 0),
  }
}

/** The oldest signal of the name that the step waits for is used up by it. */
function takeSignal(draft: Draft, stepId: StepId): void {
  const waitingFor = draft.steps.get(stepId)?.waitingFor
  if (waitingFor?.type !== "signal") return
  const index = draft.signals.findIndex(({ name }) => name === waitingFor.name)
  if (index >= 0) draft.signals = draft.signals.toSpliced(index, 1)
}

function adopt(draft: Draft, adopted: Of<"steps_adopted">["steps"][number], at: string): void {
  const { stepId, status, sessionId = null, exitCode = null, workingDir = null } = adopted
  const output = outputOf(adopted)
  change(draft, stepId, (step) => ({
    ...step,
    status,
    output,
    exitCode,
    workingDir,
    // Of the other run: it is no attempt of this one, and has no number.
    attempts: [
      {
        ...{ generation: 0, attempt: 0, sessionId, childRunId: null, host: null },
        ...{ startedAt: at, endedAt: at },
        ...{ outcome: "completed", output, exitCode, error: null, usage: null },
      },
    ],
  }))
}

function reset(draft: Draft, { steps, keptItems = [], generation }: Of<"steps_reset">): void {
  draft.generation = generation
  for (const id of steps) {
    const step = draft.steps.get(id)
    if (step === undefined) continue
    const items = keptItems.includes(id) ? step.items : null
    if (items === null) forgetItems(draft, id)
    draft.steps.set(id, {
      ...newStep(id, generation),
      input: step.input,
      items,
      attempts: step.status === "waiting" ? withLast(step, { outcome: "interrupted" }) : step.attempts,
    })
  }
}

function forgetItems(draft: Draft, stepId: StepId): void {
  const count = draft.steps.get(stepId)?.items?.count ?? 0
  for (let index = 0; index < count; index++) draft.steps.delete(itemId(stepId, index))
}

function goesOn(draft: Draft, at: string): void {
  draft.status = "running"
  draft.runningSince ??= at
}

function stops(draft: Draft, at: string): void {
  if (draft.runningSince !== null) draft.ranMs += Math.max(0, Date.parse(at) - Date.parse(draft.runningSince))
  draft.runningSince = null
}

function ends(draft: Draft, status: "completed" | "failed" | "cancelled", at: string): void {
  stops(draft, at)
  draft.status = status
  draft.leaving = null
  draft.endedAt = at
}
