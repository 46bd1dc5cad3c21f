/** What can be asked of a run and its steps from where they stand. Pure; the server has the last word. */
import type { RunStatus, StepState } from "#streams/workflow/run"
import type { StepId } from "#streams/workflow/step-id"
import { placeOf } from "#streams/workflow/step-place"
import { isOver, isResumable } from "./run-words.ts"

/** Its preview is asked of the server. */
export type PreviewedAction =
  | { readonly type: "resume" }
  | { readonly type: "resume_from" | "retry" | "skip" | "fork"; readonly stepId: StepId }
export type RunAction = PreviewedAction | { readonly type: "pause" } | { readonly type: "cancel" }
export type StepAction = Extract<PreviewedAction, { readonly stepId: StepId }>["type"]

interface Standing {
  readonly status: RunStatus
  readonly leaving: "pausing" | "interrupting" | "cancelling" | null
}

export function runActionsOf({ status, leaving }: Standing): readonly ("resume" | "pause" | "cancel")[] {
  if (isOver(status) || leaving === "cancelling") return []
  if (isResumable(status)) return ["resume", "cancel"]
  return leaving === null ? ["pause", "cancel"] : ["resume", "cancel"]
}

const ENDED: ReadonlySet<StepState["status"]> = new Set(["completed", "failed", "skipped"])

export function stepActionsOf(run: Standing, step: StepState): readonly StepAction[] {
  const fork: readonly StepAction[] = placeOf(step.stepId).index === null ? ["fork"] : []
  if (isOver(run.status) || run.leaving === "cancelling") return fork
  const canRetry = step.status === "failed" || (step.status === "pending" && step.retryAt !== null)
  const canSkip = step.status !== "completed" && step.status !== "skipped" && step.status !== "running"
  return [
    ...(canRetry ? (["retry"] as const) : []),
    ...(canSkip ? (["skip"] as const) : []),
    ...(ENDED.has(step.status) ? (["resume_from"] as const) : []),
    ...fork,
  ]
}

export const ACTION_WORDS: Readonly<Record<StepAction, string>> = {
  retry: "Retry",
  skip: "Skip",
  resume_from: "Do again from here",
  fork: "Fork from here",
}
