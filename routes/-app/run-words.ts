/** Runs and their steps in words. */
import type { Step } from "#streams/workflow/definition"
import type { Attempt, RunStatus, StepOutput, StepState } from "#streams/workflow/run"
import type { StepId } from "#streams/workflow/step-id"
import { placeOf } from "#streams/workflow/step-place"
import { clockTime, plural, shortSpan } from "./figures.ts"
import type { RunPlan } from "./protocol.ts"

/** How a step stands, finer than its status: what waits for a person is not what waits for the time. */
export type StepMarkName =
  | "pending"
  | "due"
  | "running"
  | "silent"
  | "needs"
  | "waits"
  | "completed"
  | "failed"
  | "skipped"

export function stepMarkOf(step: StepState): StepMarkName {
  const { status, waitingFor, retryAt, stalledSince } = step
  if (status === "waiting")
    return waitingFor?.type === "approval" || waitingFor?.type === "session" ? "needs" : "waits"
  if (status === "running" && stalledSince !== null) return "silent"
  return status === "pending" && retryAt !== null ? "due" : status
}

/** What it waits for, when it is tried again, or why it failed, in a line; `""`: nothing more to say than its state. */
export function noteOf(step: StepState, now: number): string {
  const { waitingFor, retryAt, error, stalledSince, status, items } = step
  if (waitingFor !== null) return waitsFor(waitingFor)
  if (retryAt !== null) {
    const left = Date.parse(retryAt) - now
    return `${left > 0 ? `Tried again in ${shortSpan(left + 999)}` : "Tried again now"}${error === null ? "" : `: ${error.message}`}`
  }
  if (stalledSince !== null) return `Says nothing since ${clockTime(stalledSince)}; its process lives.`
  if (error !== null && status === "failed") return error.message
  if (items !== null) return plural(items.count, "item")
  return oneLineOf(step.output)
}

function waitsFor(waitingFor: NonNullable<StepState["waitingFor"]>): string {
  switch (waitingFor.type) {
    case "approval":
      return waitingFor.question
    case "time":
      return `Waits until ${new Date(waitingFor.until).toLocaleString()}`
    case "signal":
      return `Waits for the signal ${waitingFor.name}`
    case "session":
      return "Its session asks something"
    case "limit":
      return waitingFor.until === null
        ? "The service of its agent refuses it for now"
        : `The service of its agent refuses it until ${clockTime(waitingFor.until)}`
  }
}

/** The beginning of what it gave. */
function oneLineOf(output: StepOutput): string {
  if (output.type === "none") return ""
  if (output.type === "blob") return `${Math.ceil(output.ref.bytes / 1_000)} kB`
  const text = typeof output.value === "string" ? output.value : JSON.stringify(output.value)
  return text.slice(0, 400).replace(/\s+/g, " ").trim()
}

export const outputText = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value, null, 2)

export const KINDS: Readonly<Record<Step["kind"], string>> = {
  agent: "Agent",
  command: "Command",
  approval: "Approval",
  wait: "Wait",
  workflow: "Workflow",
  transform: "Transform",
  map: "For each",
}

export const stepIn = (plan: RunPlan | null, stepId: StepId): Step | undefined =>
  plan?.definition.steps.find(({ id }) => id === placeOf(stepId).id)

/** What a step does with the item that it is, or by itself. */
export function bodyIn(plan: RunPlan | null, stepId: StepId) {
  const step = stepIn(plan, stepId)
  return step?.kind === "map" && placeOf(stepId).index !== null ? step.step : step
}

/** `review`, and of an item of a map `files 3`, counted from 1. */
export function stepTitle(stepId: StepId): string {
  const { id, index } = placeOf(stepId)
  return index === null ? id : `${id} ${index + 1}`
}

const OUTCOMES: Readonly<Record<Attempt["outcome"], string>> = {
  open: "under way",
  completed: "done",
  failed: "failed",
  lost: "lost with its process",
  interrupted: "interrupted",
}
export const outcomeText = ({ outcome }: Pick<Attempt, "outcome">): string => OUTCOMES[outcome]

/** Whether it can be gone on with. */
export const isResumable = (status: RunStatus): boolean => status === "failed" || status === "paused"
export const isOver = (status: RunStatus): boolean => status === "completed" || status === "cancelled"

/** Steps of the definition that have ended, and all of them. */
export function progressIn(steps: Iterable<StepState>): { readonly ended: number; readonly total: number } {
  const own = [...steps].filter(({ stepId }) => placeOf(stepId).index === null)
  return {
    ended: own.filter(({ status }) => status === "completed" || status === "skipped").length,
    total: own.length,
  }
}
