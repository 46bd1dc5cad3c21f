/**
 * A run is what its log says, read from the first event to the last. This is its shape; `run-fold.ts` reads it, the
 * same in a worker, the control plane and a browser.
 */
import type { BlobRef, Failure } from "../event.ts"
import type { CommandId, RunId, SessionId } from "../ids.ts"
import type { Budget, Inputs, Json, WorkflowDefinition } from "./definition.ts"
import type { RunEventOf, StartedBy, StepFailure, StepUsage, WaitingFor } from "./event.ts"
import { placeOf, type StepId } from "./step-id.ts"
import type { StepInput } from "./step-input.ts"

/** `pending`: no worker has begun with it. The last three are ends; `failed` alone can be gone on from. */
export const RUN_STATUSES = ["pending", "running", "paused", "completed", "failed", "cancelled"] as const
export type RunStatus = (typeof RUN_STATUSES)[number]

export const STEP_STATUSES = ["pending", "running", "waiting", "completed", "failed", "skipped"] as const
export type StepStatus = (typeof STEP_STATUSES)[number]

/** Something that a step gave. `none` is not an output that is `null`. */
export type StepOutput =
  | { readonly type: "none" }
  | { readonly type: "value"; readonly value: Json }
  /** As JSON in a stream of its own. */
  | { readonly type: "blob"; readonly ref: BlobRef }

/** One attempt, as it stays: also after a reset of its step. */
export interface Attempt {
  readonly generation: number
  readonly attempt: number
  readonly sessionId: SessionId | null
  readonly childRunId: RunId | null
  /** Of the worker that began it; `null`: of another run. */
  readonly host: string | null
  readonly startedAt: string
  readonly endedAt: string | null
  readonly outcome: "open" | "completed" | "failed" | "lost" | "interrupted"
  readonly output: StepOutput
  readonly exitCode: number | null
  readonly error: StepFailure | null
  readonly usage: StepUsage | null
}

export interface StepState {
  readonly stepId: StepId
  /** The step in the definition, and where it is an item of a map its place in it. */
  readonly place: { readonly id: StepId; readonly index: number | null }
  readonly status: StepStatus
  readonly generation: number
  /** The number of the last attempt in this generation; 0 before the first. */
  readonly attempt: number
  /** Attempts that failed by themselves since somebody last asked for the step: what the retries are counted by. */
  readonly failures: number
  /** Attempts that were lost with a process of ours since then. */
  readonly recoveries: number
  /** ISO 8601; not before then the next attempt. `null` where none is due, or it is due at once. */
  readonly retryAt: string | null
  readonly waitingFor: WaitingFor | null
  /** Silent since then. */
  readonly stalledSince: string | null
  readonly output: StepOutput
  readonly exitCode: number | null
  /** Where its session worked when it was completed. */
  readonly workingDir: string | null
  /** Of the last failure, while nothing better came. */
  readonly error: StepFailure | null
  /** What a person said anew of it. */
  readonly input: StepInput | null
  /** Of a map that is expanded. */
  readonly items: MapItems | null
  readonly attempts: readonly Attempt[]
}

export interface MapItems {
  readonly count: number
  readonly values: StepOutput
}

export interface Signal {
  readonly name: string
  readonly payload: Json | undefined
}

export interface Run {
  readonly runId: RunId
  readonly status: RunStatus
  /** What a run that is `running` is on the way to. */
  readonly leaving: "pausing" | "interrupting" | "cancelling" | null
  /** Place of the newest event that was taken; (-1, -1) before the first. */
  readonly epoch: number
  readonly n: number
  readonly owner: RunEventOf<"run_claimed">["owner"] | null
  readonly incarnation: string | null
  /** `null` before `run_created`. */
  readonly definition: WorkflowDefinition | null
  readonly inputs: Inputs
  readonly workingDir: string | null
  readonly startedBy: StartedBy
  readonly parent: RunEventOf<"run_created">["parent"] | null
  readonly forkedFrom: RunEventOf<"run_created">["forkedFrom"] | null
  /** Of the newest reset; 0 before the first. */
  readonly generation: number
  /** In the order of the definition; items of a map as `id/0`, `id/1`, … once it is expanded. */
  readonly steps: ReadonlyMap<StepId, StepState>
  /** Received, and not yet taken by a step. */
  readonly signals: readonly Signal[]
  /** Commands that were answered. */
  readonly taken: ReadonlySet<CommandId>
  readonly budget: Budget
  /** Of all attempts. */
  readonly usage: Readonly<Record<keyof StepUsage, number>>
  /** How long it has been running, pauses left out, up to `runningSince`, in ms. */
  readonly ranMs: number
  /** ISO 8601; `null` while it does not run. */
  readonly runningSince: string | null
  readonly budgetReached: Pick<RunEventOf<"budget_reached">, "kind" | "used" | "limit"> | null
  readonly output: StepOutput
  readonly error: Failure | null
  readonly failedStep: StepId | null
  readonly cancelReason: string | null
  readonly createdAt: string | null
  readonly updatedAt: string | null
  readonly endedAt: string | null
  /** Events that were no step from where the run stood, and changed nothing. */
  readonly illegal: number
}

export const emptyRun = (runId: RunId): Run => ({
  runId,
  status: "pending",
  leaving: null,
  epoch: -1,
  n: -1,
  owner: null,
  incarnation: null,
  definition: null,
  inputs: {},
  workingDir: null,
  startedBy: "user",
  parent: null,
  forkedFrom: null,
  generation: 0,
  steps: new Map(),
  signals: [],
  taken: new Set(),
  budget: {},
  usage: { inputTokens: 0, outputTokens: 0, costUsd: 0 },
  ranMs: 0,
  runningSince: null,
  budgetReached: null,
  output: { type: "none" },
  error: null,
  failedStep: null,
  cancelReason: null,
  createdAt: null,
  updatedAt: null,
  endedAt: null,
  illegal: 0,
})

export const newStep = (stepId: StepId, generation = 0): StepState => ({
  stepId,
  place: placeOf(stepId),
  status: "pending",
  generation,
  attempt: 0,
  failures: 0,
  recoveries: 0,
  retryAt: null,
  waitingFor: null,
  stalledSince: null,
  output: { type: "none" },
  exitCode: null,
  workingDir: null,
  error: null,
  input: null,
  items: null,
  attempts: [],
})

/** Names one attempt for good. With it a session or a child run is started once, however often it is tried. */
export const attemptKey = (
  runId: RunId,
  {
    stepId,
    generation,
    attempt,
  }: { readonly stepId: StepId; readonly generation: number; readonly attempt: number },
): string => `${runId} ${stepId} ${generation} ${attempt}`
