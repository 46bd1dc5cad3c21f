/** Going on with a run: from where it stands, from a step, with a step tried again or left out. */
import { type Affected, affectedBy, failedSteps, hasBegun } from "./affected.ts"
import type { RunCommandOf } from "./command.ts"
import { ItemStep, Step } from "./definition.ts"
import type { RunEventOf, UnstampedRunEvent } from "./event.ts"
import { isRefusal, type Refusal, refuse } from "./refusal.ts"
import type { Run, StepState } from "./run.ts"
import { stepIn } from "./scope.ts"
import { bodyOf, isBusy } from "./step-body.ts"
import { placeOf, type StepId } from "./step-id.ts"
import type { StepInput } from "./step-input.ts"
import { toldAnew } from "./told-anew.ts"
import { isFree } from "./transition.ts"

type Command = RunCommandOf<"resume" | "resume_from" | "retry_step" | "skip_step">
type Answer = readonly UnstampedRunEvent[] | Refusal

export function actionEvents(run: Run, command: Command): Answer {
  if (command.type !== "skip_step" && run.budgetReached !== null)
    return refuse(
      "budget_reached",
      `The run has used up its budget: ${run.budgetReached.used} of ${run.budgetReached.limit} (${run.budgetReached.kind}).`,
      "Give it a larger budget first.",
    )
  if (command.type === "resume") {
    const failed = failedSteps(run)
    return failed.length === 0 && isFree(run)
      ? []
      : [...failed.map((id) => retried(run, id)), ...resumed(run)]
  }
  const step = run.steps.get(command.stepId)
  if (step === undefined) return unknownStep(run, command.stepId)
  switch (command.type) {
    case "resume_from":
      return resumeFrom(run, step)
    case "retry_step":
      return retryStep(run, step, command)
    case "skip_step":
      return skipStep(run, step, command)
  }
}

const retried = (run: Run, stepId: StepId): UnstampedRunEvent => ({
  type: "step_retry",
  stepId,
  generation: run.steps.get(stepId)?.generation ?? 0,
  cause: "asked",
})

const resumed = (run: Run): readonly UnstampedRunEvent[] => (isFree(run) ? [] : [{ type: "run_resumed" }])

/** What failed goes on at once when a person deals with it; a run that somebody paused stays paused. */
const resumedIfFailed = (run: Run): readonly UnstampedRunEvent[] =>
  run.status === "failed" ? [{ type: "run_resumed" }] : []

function unknownStep(run: Run, stepId: StepId): Refusal {
  const known = [...run.steps.keys()].filter((id) => placeOf(id).index === null)
  return refuse("unknown_step", `The run has no step ${stepId}.`, `It has ${known.slice(0, 20).join(", ")}.`)
}

const busy = (ids: readonly StepId[]): Refusal =>
  refuse(
    "step_running",
    `${ids.join(", ")} ${ids.length === 1 ? "is" : "are"} running, and what is to be done again must not run meanwhile.`,
    "Wait for it, or pause the run with interruption first.",
  )

function resumeFrom(run: Run, step: StepState): Answer {
  const affected = affectedBy(run, { type: "resume_from", stepId: step.stepId })
  return affected.running.length > 0
    ? busy(affected.running)
    : [reset(run, affected, { reason: "resume_from", of: step.stepId }), ...resumed(run)]
}

/** Those that have not begun need no reset. A map keeps its other items where one of them is what this is about. */
function reset(
  run: Run,
  { again }: Pick<Affected, "again">,
  { reason, of }: { readonly reason: RunEventOf<"steps_reset">["reason"]; readonly of: StepId },
): UnstampedRunEvent {
  const { id, index } = placeOf(of)
  return {
    type: "steps_reset",
    steps: [...again],
    ...(index !== null && { keptItems: [id] }),
    generation: run.generation + 1,
    reason,
  }
}

function retryStep(run: Run, step: StepState, { input }: RunCommandOf<"retry_step">): Answer {
  const { stepId } = step
  if (step.status !== "failed" && !(step.status === "pending" && step.retryAt !== null))
    return isBusy(run, stepId)
      ? busy([stepId])
      : refuse(
          "step_not_failed",
          `Step ${stepId} has not failed.`,
          "To do it again all the same, resume the run from it.",
        )
  const wrong = input === undefined ? null : wrongInput(run, stepId, { ...step.input, ...input })
  if (wrong !== null) return wrong
  const retry = {
    ...retried(run, stepId),
    ...(input !== undefined && { input: { ...step.input, ...input } }),
  }
  const after = laterOnes(run, "retry", stepId)
  return after.running.length > 0 ? busy(after.running) : [retry, ...after.events, ...resumedIfFailed(run)]
}

function skipStep(run: Run, step: StepState, { output }: RunCommandOf<"skip_step">): Answer {
  const { stepId, generation } = step
  if (isBusy(run, stepId)) return busy([stepId])
  const after = laterOnes(run, "skip", stepId)
  if (after.running.length > 0) return busy(after.running)
  const skip = { stepId, generation, cause: "asked", ...(output !== undefined && { output }) } as const
  return [{ type: "step_skipped", ...skip }, ...after.events, ...resumedIfFailed(run)]
}

/** What comes after the step and has begun already is done again; a map that failed of the step gathers anew. */
function laterOnes(
  run: Run,
  type: "retry" | "skip",
  stepId: StepId,
): { readonly running: readonly StepId[]; readonly events: readonly UnstampedRunEvent[] } {
  const { id, index } = placeOf(stepId)
  const affected = affectedBy(run, { type, stepId })
  const map = index === null ? undefined : run.steps.get(id)
  const others = affected.steps.filter((one) => one !== stepId && one !== map?.stepId)
  const states = others.flatMap((one) => run.steps.get(one) ?? [])
  const running = others.filter((one) => isBusy(run, one))
  const mapEnded = map !== undefined && map.status !== "running" && map.status !== "pending"
  const again = [...(mapEnded ? [id] : []), ...states.filter(hasBegun).map((state) => state.stepId)]
  return { running, events: again.length === 0 ? [] : [reset(run, { again }, { reason: type, of: stepId })] }
}

/** An input must make a step that the schema takes. */
function wrongInput(run: Run, stepId: StepId, input: StepInput): Refusal | null {
  const body = bodyOf(run, stepId) ?? stepIn(run, stepId)
  if (body === undefined) return unknownStep(run, stepId)
  const isItem = placeOf(stepId).index !== null
  const told = isItem ? toldAnew(ItemStep, body, { stepId, input }) : toldAnew(Step, body, { stepId, input })
  return isRefusal(told) ? told : null
}
