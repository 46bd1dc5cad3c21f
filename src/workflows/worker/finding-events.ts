/** What is said of an attempt in the log, from what came to be known of it. Pure. */
import type { UnstampedRunEvent } from "#streams/workflow/event"
import type { Stop } from "#streams/workflow/plan"
import { type Chance, failedEvent, lostEvent } from "#streams/workflow/retry"
import type { Run, StepState } from "#streams/workflow/run"
import { attemptOf } from "#streams/workflow/step-body"
import { timeoutAt, timeoutFailure, timeoutOf } from "#streams/workflow/timeout"
import type { AttemptName, Finding, HeldElsewhere } from "./attempt.ts"

/** What an attempt has come to, or that it was ended and why. */
export type News =
  | { readonly name: AttemptName; readonly finding: Finding }
  | { readonly name: AttemptName; readonly stopped: Stop["why"]; readonly held: HeldElsewhere | null }

/** Nothing where the run has gone on without that attempt, or knows it. */
export function eventsOf(run: Run, news: News, chance: Chance): readonly UnstampedRunEvent[] {
  const { name } = news
  const step = run.steps.get(name.stepId)
  const isOpen = step?.status === "running" || step?.status === "waiting"
  if (!isOpen || step.generation !== name.generation || step.attempt !== name.attempt) return []
  if ("finding" in news) return found(run, step, news.finding, chance)
  return news.held === null
    ? ended(run, step, news.stopped, chance)
    : [unseen(run, step, { why: news.stopped, held: news.held })]
}

function found(run: Run, step: StepState, finding: Finding, chance: Chance): readonly UnstampedRunEvent[] {
  const { status, stalledSince, waitingFor } = step
  const name = attemptOf(step)
  switch (finding.type) {
    case "going":
      return status === "waiting" || stalledSince !== null ? [{ type: "step_attached", ...name }] : []
    case "waiting": {
      const known = JSON.stringify(waitingFor) === JSON.stringify(finding.for)
      return known ? [] : [{ type: "step_waiting", ...name, for: finding.for }]
    }
    case "stalled":
      return status === "running" && stalledSince === null
        ? [{ type: "step_stalled", ...name, since: finding.since }]
        : []
    case "lost":
      return [lostEvent(step, chance)]
    case "failed": {
      const { type: _, ...failure } = finding
      const meant = failure.error.class === "cancelled" ? wantedEnd(run, step, chance.now) : null
      return meant === null ? [failedEvent(run, step, failure, chance)] : ended(run, step, meant, chance)
    }
    case "ended": {
      const { type: _, output, ...rest } = finding
      return [{ type: "step_complete", ...name, ...rest, ...(output !== undefined && { output }) }]
    }
  }
}

/** Why an attempt was ended by a worker that was killed before it could say so; `null`: by somebody else. */
function wantedEnd(run: Run, step: StepState, now: number): Stop["why"] | null {
  if (run.leaving === "cancelling") return "cancelled"
  if (run.leaving === "interrupting") return "interrupted"
  return (timeoutAt(run, step) ?? Number.POSITIVE_INFINITY) <= now ? "timeout" : null
}

function ended(run: Run, step: StepState, why: Stop["why"], chance: Chance): readonly UnstampedRunEvent[] {
  const name = attemptOf(step)
  if (why === "interrupted") return [{ type: "step_interrupted", ...name }]
  if (why === "cancelled")
    return [
      {
        type: "step_failed",
        ...name,
        error: { code: "step_cancelled", class: "cancelled", message: "The run was cancelled." },
        retryable: false,
      },
    ]
  const error = timeoutFailure(timeoutOf(run, step.stepId) ?? "0s")
  return [failedEvent(run, step, { error }, chance)]
}

/** It may still go on there, so it is not tried again by itself: two attempts would work beside each other. */
function unseen(
  run: Run,
  step: StepState,
  { why, held }: { readonly why: Stop["why"]; readonly held: HeldElsewhere },
): UnstampedRunEvent {
  const { sessionId, host, heardAt } = held
  const timeout = timeoutFailure(timeoutOf(run, step.stepId) ?? "0s").message
  const reason = { cancelled: "The run was cancelled.", interrupted: "The run was paused.", timeout }[why]
  return {
    type: "step_failed",
    ...attemptOf(step),
    error: {
      code: "end_not_seen",
      class: why === "timeout" ? "timeout" : "cancelled",
      message: `${reason} Nobody saw it end: the host ${host}, which holds its session ${sessionId}, was last heard of at ${heardAt}.`,
      hint: "It is asked to end, and does once that host is back. Look at it before the step is done again.",
    },
    retryable: false,
  }
}
