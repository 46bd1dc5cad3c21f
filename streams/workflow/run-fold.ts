/**
 * Reads a run from its log. Pure, and it never reads a clock: given the same log it is the same run on any machine.
 *
 * An event counts when its place `(epoch, n)` is above that of the last one and its epoch has been claimed: repeats
 * and what an owner says after it lost the run change nothing. Of those that count, the ones that are no step from
 * where the run stands (`transition.ts`) are counted as illegal and change nothing else.
 */
import type { CommandId } from "../ids.ts"
import type { RunEvent } from "./event.ts"
import type { Run, StepState } from "./run.ts"
import { applyRunEvent } from "./run-events.ts"
import type { StepId } from "./step-id.ts"
import { isLegal } from "./transition.ts"

/** A run while events are applied to it. Its steps are replaced, never changed. */
export type Draft = { -readonly [Key in keyof Run]: Run[Key] } & {
  steps: Map<StepId, StepState>
  taken: Set<CommandId>
}

/** Applies one event. See {@link foldRun}. */
export const reduceRun = (run: Run, event: RunEvent): Run => foldRun(run, [event])

/**
 * Applies events in order; the given run is not changed. Steps keep their identity unless an event touched them.
 * Costs one copy of the list of steps per call: hand over batches, or fold into a {@link draftOf}.
 */
export function foldRun(run: Run, events: Iterable<RunEvent>): Run {
  let draft: Draft | null = null
  for (const event of events) {
    if (!isNew(draft ?? run, event)) continue
    draft ??= draftOf(run)
    take(draft, event)
  }
  return draft ?? run
}

/** A copy that {@link foldInto} may change. */
export const draftOf = (run: Run): Draft => ({ ...run, steps: new Map(run.steps), taken: new Set(run.taken) })

/** The same as {@link foldRun}, on a copy of the caller's own. */
export function foldInto(draft: Draft, events: Iterable<RunEvent>): void {
  for (const event of events) if (isNew(draft, event)) take(draft, event)
}

const isNew = ({ epoch, n }: Run, event: RunEvent): boolean =>
  event.epoch > epoch || (event.epoch === epoch && event.n > n)

function take(draft: Draft, event: RunEvent): void {
  const legal = isLegal(draft, event)
  if (!legal) draft.illegal += 1
  // Of an epoch that nobody claimed: it has no place.
  if (!legal && event.epoch !== draft.epoch) return
  draft.epoch = event.epoch
  draft.n = event.n
  if (event.commandId !== undefined) draft.taken.add(event.commandId)
  if (!legal) return
  draft.createdAt ??= event.at
  draft.updatedAt = event.at
  applyRunEvent(draft, event)
}
