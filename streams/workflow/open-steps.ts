/** What becomes of steps that are open: waits that are over, timeouts, maps whose items are all done. */
import type { BlobRef } from "../event.ts"
import type { Json } from "./definition.ts"
import type { UnstampedRunEvent } from "./event.ts"
import type { Now, Stop } from "./plan.ts"
import { failedEvent } from "./retry.ts"
import type { Run, StepOutput, StepState } from "./run.ts"
import { type Blobs, type Known, readOutput } from "./scope.ts"
import { soonest } from "./soonest.ts"
import { attemptOf, bodyOf, isOutside } from "./step-body.ts"
import { itemId } from "./step-id.ts"
import { timeoutAt, timeoutFailure, timeoutOf } from "./timeout.ts"
import { isPassedOver } from "./transition.ts"

export interface OpenSteps {
  readonly say: readonly UnstampedRunEvent[]
  readonly stop: readonly Stop[]
  readonly load: readonly BlobRef[]
  readonly wakeAt: number | null
}

export function openSteps(run: Run, now: Now): OpenSteps {
  const say: UnstampedRunEvent[] = []
  const stop: Stop[] = []
  const load: BlobRef[] = []
  let wakeAt: number | null = null
  const signals = run.signals.slice()
  for (const step of run.steps.values()) {
    if (step.status !== "running" && step.status !== "waiting") continue
    const time = isByTheWall(run, step) ? (now.wall ?? now.now) : now.now
    const over = waitOver(step, signals, time) ?? mapOver(run, step, now.blobs)
    if (over?.type === "load") load.push(...over.blobs)
    if (over?.type === "known") say.push(over.value)
    if (over !== null) continue
    const timeout = timeoutOf(run, step.stepId)
    const dueAt = timeoutAt(run, step)
    if (timeout === null || dueAt === null || dueAt > now.now)
      wakeAt = soonest(wakeAt, dueAt, waitsUntil(step, now.now - time))
    else if (isOutside(run, step.stepId)) stop.push({ ...attemptOf(step), why: "timeout" })
    else say.push(failedEvent(run, step, { error: timeoutFailure(timeout) }, now))
  }
  return { say, stop, load, wakeAt }
}

/** `shift`: from the clock it goes by to the one that plans are made by. */
const waitsUntil = ({ waitingFor }: StepState, shift: number): number | null =>
  waitingFor?.type === "time" ? Date.parse(waitingFor.until) + shift : null

/** A time that was named is one on the wall; a while is as long as it is, whatever that is set to. */
function isByTheWall(run: Run, { stepId }: StepState): boolean {
  const body = bodyOf(run, stepId)
  return body?.kind === "wait" && body.until !== undefined
}

/** `signals` loses what the step takes. */
function waitOver(
  step: StepState,
  signals: { readonly name: string; readonly payload: Json | undefined }[],
  now: number,
): Known<UnstampedRunEvent> | null {
  const { waitingFor } = step
  if (waitingFor?.type === "time" && Date.parse(waitingFor.until) <= now)
    return { type: "known", value: { type: "step_complete", ...attemptOf(step) } }
  if (waitingFor?.type !== "signal") return null
  const index = signals.findIndex(({ name }) => name === waitingFor.name)
  const [signal] = index < 0 ? [] : signals.splice(index, 1)
  if (signal === undefined) return null
  const { payload } = signal
  return {
    type: "known",
    value: { type: "step_complete", ...attemptOf(step), ...(payload !== undefined && { output: payload }) },
  }
}

/** A map ends with its last item. Its output is the list of theirs, `null` for one that gave none. */
function mapOver(run: Run, step: StepState, blobs: Blobs): Known<UnstampedRunEvent> | null {
  if (step.items === null || step.status !== "running") return null
  const items: StepState[] = []
  for (let index = 0; index < step.items.count; index++) {
    const item = run.steps.get(itemId(step.stepId, index))
    if (item === undefined) continue
    if (item.status === "pending" || item.status === "running" || item.status === "waiting") return null
    items.push(item)
  }
  const failed = items.filter(({ status }) => status === "failed")
  if (failed.length > 0 && !isPassedOver(run, step.stepId))
    return { type: "known", value: itemsFailed(step, failed, items.length) }
  const outputs = items.map(({ output }) => readOutput(output, blobs))
  const missing = outputs.flatMap((output) => (output.type === "load" ? output.blobs : []))
  if (missing.length > 0) return { type: "load", blobs: missing }
  const output = outputs.map((one) => (one.type === "known" ? valueIn(one.value) : null))
  return { type: "known", value: { type: "step_complete", ...attemptOf(step), output } }
}

const valueIn = (output: StepOutput): Json => (output.type === "value" ? output.value : null)

function itemsFailed(step: StepState, failed: readonly StepState[], count: number): UnstampedRunEvent {
  const [first] = failed
  return {
    type: "step_failed",
    ...attemptOf(step),
    error: {
      code: "items_failed",
      class: first?.error?.class ?? "transient",
      message: `${failed.length} of ${count} items failed. The first, ${first?.stepId}: ${first?.error?.message ?? ""}`,
      hint: "Retry or skip those items; the others keep what they gave.",
    },
    retryable: false,
  }
}
