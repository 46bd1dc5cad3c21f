/**
 * What happened in a run of a workflow, in the past tense. The log is the state of the run (`run-fold.ts` reads it);
 * its place among the others decides every race. A reader skips types it does not know.
 */
import { z } from "zod"
import { streamSeqOf } from "../command.ts"
import { BlobRef, Failure } from "../event.ts"
import { CommandId, RunId, SessionId } from "../ids.ts"
import { Budget, Inputs, ReadJson, WorkflowDefinition } from "./definition.ts"
import { StepId } from "./step-id.ts"
import { StepInput } from "./step-input.ts"

/**
 * On every event. Its place is `(epoch, n)`: `n` counts from 0 in each epoch, and an epoch begins with its
 * `run_claimed`. Whoever makes a run writes `run_created` as (0, 0). Appended with {@link placeSeqOf} as
 * `Stream-Seq`, so a server refuses whoever lost the run to a later claim.
 */
const Stamp = z.object({
  id: z.string(),
  epoch: z.number().int().nonnegative(),
  n: z.number().int().nonnegative(),
  /** ISO 8601, by the writer's clock. For display only, as all times but those that name when something is due. */
  at: z.string(),
  /** The command that this answers. */
  commandId: CommandId.optional(),
})
type Stamp = z.infer<typeof Stamp>

/** The `Stream-Seq` of an event: both padded, because the protocol compares it as text. */
export const placeSeqOf = ({ epoch, n }: Pick<Stamp, "epoch" | "n">): string =>
  `${streamSeqOf(epoch)}.${streamSeqOf(n)}`

/** The same place is the same event, however often a store has it. */
export const runEventId = (runId: RunId, { epoch, n }: Pick<Stamp, "epoch" | "n">): string =>
  `${runId}/${epoch}/${n}`

/** What kind of failure it is decides whether another attempt may help (`retry.ts`). */
export const FailureClass = z.enum([
  "transient",
  "timeout",
  "validation",
  "configuration",
  "unauthorized",
  "forbidden",
  "missing_cli",
  "rejected",
  "cancelled",
])
export type FailureClass = z.infer<typeof FailureClass>

/** A failure fit to show a person. `retryAfterMs`: who refused said how long to wait. */
export const StepFailure = Failure.extend({
  class: FailureClass,
  retryAfterMs: z.number().nonnegative().optional(),
})
export type StepFailure = z.infer<typeof StepFailure>

/** What an attempt used. */
export const StepUsage = z.object({
  inputTokens: z.number().nonnegative(),
  outputTokens: z.number().nonnegative(),
  costUsd: z.number().nonnegative().optional(),
})
export type StepUsage = z.infer<typeof StepUsage>

/** What a step gave: `output`, or where it is too large for an event, all of it as JSON in `outputBlob`. */
const Output = { output: ReadJson.optional(), outputBlob: BlobRef.optional() }

const event = <Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) =>
  z.object({ type: z.literal(type), ...Stamp.shape, ...shape })

/** One attempt at a step. A reset of the step begins a new `generation`, in which attempts count from 1 again. */
const Attempt = {
  stepId: StepId,
  generation: z.number().int().nonnegative(),
  attempt: z.number().int().positive(),
}

/** Who started a run. */
export const StartedBy = z.enum(["user", "workflow", "schedule", "webhook", "agent"])
export type StartedBy = z.infer<typeof StartedBy>

const RunCreated = event("run_created", {
  /** Pinned: what the workflow of that name says later is nothing to this run. */
  definition: WorkflowDefinition,
  /** All of them, defaults filled in. */
  inputs: Inputs,
  workingDir: z.string(),
  startedBy: StartedBy,
  /** The step that it is the run of. */
  parent: z.object({ runId: RunId, ...Attempt }).optional(),
  /** The run it branched off: what its steps had given at that place is taken over by `steps_adopted`. */
  forkedFrom: z
    .object({ runId: RunId, epoch: z.number().int().nonnegative(), n: z.number().int().nonnegative() })
    .optional(),
})

/** A worker took the run. From here on no lower epoch is believed. */
const RunClaimed = event("run_claimed", {
  /** The random name of this claim: whoever lost the answer finds by it whether it won. */
  incarnation: z.string(),
  /** The process that holds it. */
  owner: z.object({ pid: z.number().int(), startTime: z.string(), bootId: z.string(), host: z.string() }),
  version: z.string().optional(),
})

const StepStart = event("step_start", {
  ...Attempt,
  sessionId: SessionId.optional(),
  /** The run that a step of kind `workflow` is. */
  childRunId: RunId.optional(),
})
/** Another worker, or the same after a wait, goes on with an attempt that lives. */
const StepAttached = event("step_attached", { ...Attempt, sessionId: SessionId.optional() })
const StepComplete = event("step_complete", {
  ...Attempt,
  ...Output,
  /** Where its session worked. */
  workingDir: z.string().optional(),
  exitCode: z.number().int().nullable().optional(),
  usage: StepUsage.optional(),
})
/** With `retryAt` the step is tried again then; without, it has failed for good. */
const StepFailed = event("step_failed", {
  ...Attempt,
  error: StepFailure,
  retryable: z.boolean(),
  /** ISO 8601. */
  retryAt: z.string().optional(),
  /** It was lost with a process of ours: it counts apart from failures of the step. */
  lost: z.literal(true).optional(),
  exitCode: z.number().int().nullable().optional(),
  usage: StepUsage.optional(),
})
/** The step is to be done again: `due` when its pause is over, `asked` by a person, also after it failed for good. */
const StepRetry = event("step_retry", {
  stepId: StepId,
  generation: z.number().int().nonnegative(),
  cause: z.enum(["due", "asked"]),
  /** Instead of what the definition says, from now on. */
  input: StepInput.optional(),
})
/** `when`: its condition is not true. `asked`: a person, with an output or without. */
const StepSkipped = event("step_skipped", {
  stepId: StepId,
  generation: z.number().int().nonnegative(),
  cause: z.enum(["when", "asked"]),
  ...Output,
})

/** What a step that waits waits for. A waiting step holds no place. */
export const WaitingFor = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("approval"),
    question: z.string(),
    choices: z.array(z.string()),
  }),
  z.object({ type: z.literal("time"), until: z.string() }),
  z.object({ type: z.literal("signal"), name: z.string() }),
  /** A permission or answer that its session asks for. */
  z.object({ type: z.literal("session"), sessionId: SessionId }),
  /** The service of its agent refuses it; `until` is `null` where nobody said. */
  z.object({ type: z.literal("limit"), sessionId: SessionId, until: z.string().nullable() }),
])
export type WaitingFor = z.infer<typeof WaitingFor>
/** `step_attached` says that it goes on; or it ends. */
const StepWaiting = event("step_waiting", { ...Attempt, for: WaitingFor })
/** It lives and has been silent since then. Whatever it says next ends that. */
const StepStalled = event("step_stalled", { ...Attempt, since: z.string() })
/** The attempt was ended without fault of the step, which is pending again. */
const StepInterrupted = event("step_interrupted", Attempt)

/** The items of a map, which are steps from here on. All of them as JSON in `itemsBlob` where they are too large. */
const MapExpanded = event("map_expanded", {
  stepId: StepId,
  generation: z.number().int().nonnegative(),
  count: z.number().int().nonnegative(),
  items: z.array(ReadJson).optional(),
  itemsBlob: BlobRef.optional(),
})

/** These steps are to be done again, from their first attempt. What they gave stays in the log. */
const StepsReset = event("steps_reset", {
  steps: z.array(StepId),
  /** Of these, the maps whose items stay as they are, but for those that are named themselves. */
  keptItems: z.array(StepId).optional(),
  generation: z.number().int().positive(),
  reason: z.enum(["resume_from", "retry", "skip"]),
})
/** What steps of the run this one was forked from had given. */
const StepsAdopted = event("steps_adopted", {
  steps: z.array(
    z.object({
      stepId: StepId,
      status: z.enum(["completed", "skipped"]),
      ...Output,
      exitCode: z.number().int().nullable().optional(),
      sessionId: SessionId.optional(),
      workingDir: z.string().optional(),
    }),
  ),
})

const RunPausing = event("run_pausing", { cause: z.enum(["asked", "budget"]), interrupt: z.boolean() })
const RunPaused = event("run_paused", {})
/** The run goes on. What is tried again has its own `step_retry` or `steps_reset`. */
const RunResumed = event("run_resumed", {})
const RunCancelling = event("run_cancelling", { reason: z.string().optional() })

const WorkflowComplete = event("workflow_complete", Output)
const WorkflowFailed = event("workflow_failed", { error: Failure, stepId: StepId.optional() })
const WorkflowCancelled = event("workflow_cancelled", { reason: z.string().optional() })

const BudgetReached = event("budget_reached", {
  kind: z.enum(["costUsd", "tokens", "time"]),
  used: z.number(),
  limit: z.number(),
})
/** All of it, from now on. */
const BudgetChanged = event("budget_changed", { budget: Budget })

/** It is kept until a step that waits for that name takes it. */
const SignalReceived = event("signal_received", { name: z.string(), payload: ReadJson.optional() })
/** A command that cannot be done as the run stands now. */
const CommandRefused = event("command_refused", { error: Failure })

/** What a command asks for is so already. */
const CommandVoid = event("command_void", {})

export const RunEvent = z.discriminatedUnion("type", [
  RunCreated,
  RunClaimed,
  StepStart,
  StepAttached,
  StepComplete,
  StepFailed,
  StepRetry,
  StepSkipped,
  StepWaiting,
  StepStalled,
  StepInterrupted,
  MapExpanded,
  StepsReset,
  StepsAdopted,
  RunPausing,
  RunPaused,
  RunResumed,
  RunCancelling,
  WorkflowComplete,
  WorkflowFailed,
  WorkflowCancelled,
  BudgetReached,
  BudgetChanged,
  SignalReceived,
  CommandRefused,
  CommandVoid,
])
export type RunEvent = z.infer<typeof RunEvent>
export type RunEventOf<Type extends RunEvent["type"]> = Extract<RunEvent, { type: Type }>

type DistributiveOmit<Union, Keys extends PropertyKey> = Union extends unknown ? Omit<Union, Keys> : never
/** An event before it is stamped. */
export type UnstampedRunEvent = DistributiveOmit<RunEvent, "id" | "epoch" | "n" | "at">

/** Reads one event. `null` when its type is not known here or its shape is off; the caller goes on. */
export function parseRunEvent(value: unknown): RunEvent | null {
  const parsed = RunEvent.safeParse(value)
  return parsed.success ? parsed.data : null
}
