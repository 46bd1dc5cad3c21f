/** A run told in lines, as it happens. */
import type { RunEvent } from "#streams/workflow/event"
import { oneLine, type Paint } from "../terminal.ts"

/** One line for what a reader wants to know; nothing for the rest. */
export function storyOf(event: RunEvent, paint: Paint): string {
  const line = lineOf(event, paint)
  return line === null ? "" : `${line}\n`
}

function lineOf(event: RunEvent, paint: Paint): string | null {
  switch (event.type) {
    case "step_start": {
      const of = event.sessionId ?? event.childRunId
      const again = event.attempt > 1 ? ` (attempt ${event.attempt})` : ""
      return `${paint("cyan", "▸")} ${event.stepId}${again}${of ? paint("dim", `  ${of}`) : ""}`
    }
    case "step_complete":
      return `${paint("green", "✓")} ${event.stepId}${said(event.output)}`
    case "step_failed": {
      const next = event.retryAt === undefined ? "" : ` It is tried again at ${event.retryAt}.`
      return `${paint("red", "✗")} ${event.stepId}: ${oneLine(event.error.message)}${next}`
    }
    case "step_skipped":
      return `${paint("dim", "–")} ${event.stepId} is skipped`
    case "step_waiting":
      return `${paint("yellow", "…")} ${event.stepId} ${waitsFor(event.for)}`
    case "step_stalled":
      return `${paint("yellow", "!")} ${event.stepId} does not answer since ${event.since}`
    case "steps_reset":
      return `${paint("dim", "↺")} again: ${event.steps.join(", ")}`
    case "budget_reached":
      return `${paint("yellow", "!")} the budget is used up: ${event.used} of ${event.limit} (${event.kind})`
    case "run_paused":
      return paint("yellow", "The run is paused.")
    case "run_resumed":
      return paint("dim", "The run goes on.")
    case "workflow_complete":
      return paint("green", "The run is completed.")
    case "workflow_failed":
      return paint("red", oneLine(`The run has failed. ${event.error.message} ${event.error.hint ?? ""}`))
    case "workflow_cancelled":
      return paint("dim", "The run was cancelled.")
    case "command_refused":
      return paint("red", oneLine(`${event.error.message} ${event.error.hint ?? ""}`))
    default:
      return null
  }
}

type WaitingFor = Extract<RunEvent, { type: "step_waiting" }>["for"]

/** What a step waits for, to be read after its name. */
export function waitsFor(waitingFor: WaitingFor): string {
  switch (waitingFor.type) {
    case "approval":
      return `asks: ${oneLine(waitingFor.question)} [${waitingFor.choices.join(", ")}]`
    case "time":
      return `waits until ${waitingFor.until}`
    case "signal":
      return `waits for the signal ${waitingFor.name}`
    case "session":
      return `waits for an answer in ${waitingFor.sessionId}`
    case "limit":
      return `waits for a limit to be lifted${waitingFor.until === null ? "" : ` at ${waitingFor.until}`}`
  }
}

function said(output: unknown): string {
  if (output === undefined) return ""
  const text = oneLine(typeof output === "string" ? output : JSON.stringify(output))
  return text === "" ? "" : `  ${text.length > 100 ? `${text.slice(0, 99)}…` : text}`
}
