/**
 * What a command makes of a run. Pure: the worker appends what this says, and whoever wants to know beforehand whether
 * a command would be refused asks the same function. Everything said has the command's id.
 */
import { actionEvents } from "./action-events.ts"
import type { RunCommand, RunCommandOf } from "./command.ts"
import type { UnstampedRunEvent } from "./event.ts"
import { isRefusal, type Refusal, refuse } from "./refusal.ts"
import type { Run } from "./run.ts"
import { attemptOf } from "./step-body.ts"

/** Nothing for a command that was answered before. */
export function answerTo(run: Run, command: RunCommand): readonly UnstampedRunEvent[] {
  const { commandId } = command
  if (run.taken.has(commandId)) return []
  const answer = eventsFor(run, command)
  if (isRefusal(answer)) return [{ type: "command_refused", commandId, error: answer.refused }]
  if (answer.length === 0) return [{ type: "command_void", commandId }]
  return answer.map((event) => ({ ...event, commandId }))
}

/** What is refused, and why; `null` where the command would be done. */
export function refusalOf(run: Run, command: RunCommand): Refusal["refused"] | null {
  const answer = eventsFor(run, command)
  return isRefusal(answer) ? answer.refused : null
}

type Answer = readonly UnstampedRunEvent[] | Refusal

function eventsFor(run: Run, command: RunCommand): Answer {
  if (run.status === "cancelled" && command.type === "cancel") return []
  const over = overOf(run)
  if (over !== null) return over
  switch (command.type) {
    case "pause":
      return pause(run, command)
    case "cancel":
      return [{ type: "run_cancelling", ...(command.reason !== undefined && { reason: command.reason }) }]
    case "signal": {
      const { name, payload } = command
      return [{ type: "signal_received", name, ...(payload !== undefined && { payload }) }]
    }
    case "set_budget":
      return [{ type: "budget_changed", budget: command.budget }]
    case "approval_answer":
      return answered(run, command)
    case "resume":
    case "resume_from":
    case "retry_step":
    case "skip_step":
      return actionEvents(run, command)
  }
}

/** Why nothing at all can be asked of it any more. */
function overOf({ status, leaving, definition }: Run): Refusal | null {
  if (definition === null) return refuse("run_unknown", "There is no such run.", "List the runs there are.")
  if (status === "completed")
    return refuse("run_completed", "The run is completed.", "Fork it from a step to do a part of it again.")
  if (status === "cancelled")
    return refuse("run_cancelled", "The run was cancelled.", "Fork it from a step to go on from there.")
  if (leaving === "cancelling")
    return refuse("run_cancelled", "The run is being cancelled.", "Fork it from a step once it has ended.")
  return null
}

function pause(run: Run, { interrupt = false }: RunCommandOf<"pause">): Answer {
  if (run.status === "failed")
    return refuse("run_failed", "The run has failed, so nothing of it runs.", "Resume it.")
  if (run.status === "paused" || run.leaving === "interrupting") return []
  if (run.leaving === "pausing" && !interrupt) return []
  return [{ type: "run_pausing", cause: "asked", interrupt }]
}

function answered(run: Run, command: RunCommandOf<"approval_answer">): Answer {
  const { stepId, generation, attempt, choice, note } = command
  const step = run.steps.get(stepId)
  const waitingFor = step?.status === "waiting" ? step.waitingFor : null
  if (
    step === undefined ||
    step.generation !== generation ||
    step.attempt !== attempt ||
    waitingFor?.type !== "approval"
  )
    return refuse(
      "approval_settled",
      `Step ${stepId} does not ask that any more.`,
      "Look at what the run waits for now.",
    )
  if (!waitingFor.choices.includes(choice))
    return refuse(
      "choice_refused",
      `${choice} is no choice here.`,
      `Answer with one of ${waitingFor.choices.join(", ")}.`,
    )
  if (choice === "reject")
    return [
      {
        type: "step_failed",
        ...attemptOf(step),
        error: {
          code: "rejected",
          class: "rejected",
          message: note === undefined ? "It was rejected." : `It was rejected: ${note}`,
          hint: "Retry the step to ask again, or skip it to go on all the same.",
        },
        retryable: false,
      },
    ]
  const output = { choice, ...(note !== undefined && { note }) }
  return [{ type: "step_complete", ...attemptOf(step), output }]
}
