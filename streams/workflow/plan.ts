/**
 * What a run does next. Pure, so going on after a crash is the same call as starting: what was done is in the log.
 * A plan says what is certain (`say`), and what must be done outside to know more.
 */
import type { BlobRef } from "../event.ts"
import type { SessionId } from "../ids.ts"
import { beginning } from "./begin.ts"
import { budgetDueAt, budgetEvents } from "./budget.ts"
import type { Body } from "./definition.ts"
import { ending } from "./ending.ts"
import type { UnstampedRunEvent } from "./event.ts"
import { leaving } from "./leaving.ts"
import { openSteps } from "./open-steps.ts"
import type { Chance } from "./retry.ts"
import type { Run } from "./run.ts"
import type { Blobs } from "./scope.ts"
import { soonest } from "./soonest.ts"
import type { StepId } from "./step-id.ts"
import { isFree } from "./transition.ts"

/** An attempt to begin: first `step_start` is made durable, then the thing is done, named by `attemptKey`. */
export interface Start {
  readonly stepId: StepId
  readonly generation: number
  readonly attempt: number
  readonly body: Extract<Body, { kind: "agent" | "command" | "workflow" }>
  /** The session to go on in. */
  readonly session: SessionId | null
}

/** An attempt to end. What came of it is then said with `step_failed`, or `step_interrupted`. */
export interface Stop {
  readonly stepId: StepId
  readonly generation: number
  readonly attempt: number
  readonly why: "cancelled" | "interrupted" | "timeout"
}

export interface Plan {
  /** In this order, and in one append with what led to it. When it is in the log, plan anew. */
  readonly say: readonly UnstampedRunEvent[]
  readonly start: readonly Start[]
  readonly stop: readonly Stop[]
  /** Steps that could start, were there a place for them. */
  readonly held: readonly StepId[]
  /** Outputs to read before more can be said. */
  readonly load: readonly BlobRef[]
  /** When to plan again though nothing happens, in milliseconds. `null`: only when something does. */
  readonly wakeAt: number | null
}

/** Places that are free for steps of this run, all its others taken into account. */
export interface Room {
  readonly places: number
  /** By the type of the agent; one that is not named has no limit of its own. */
  readonly agents: ReadonlyMap<string, number>
}

export interface Now extends Chance {
  /** What the clock on the wall shows, where that may be something else than `now`: for times that people name. */
  readonly wall?: number | undefined
  readonly room: Room
  readonly blobs: Blobs
}

export const EMPTY_PLAN: Plan = { say: [], start: [], stop: [], held: [], load: [], wakeAt: null }
export const UNLIMITED: Room = { places: Number.POSITIVE_INFINITY, agents: new Map() }

/** Of a run that is claimed. One that is paused, or has ended, waits for somebody. */
export function plan(run: Run, now: Now): Plan {
  if (run.definition === null) return EMPTY_PLAN
  if (!isFree(run)) return run.leaving === null ? EMPTY_PLAN : { ...EMPTY_PLAN, ...leaving(run, now) }
  const budget = budgetEvents(run, now.now)
  if (budget.length > 0) return { ...EMPTY_PLAN, say: budget }
  const open = openSteps(run, now)
  const begun = beginning(run, now)
  const rest = open.say.length + begun.say.length + begun.start.length === 0 ? ending(run, now) : EMPTY_PLAN
  return {
    say: [...open.say, ...begun.say, ...rest.say],
    start: begun.start,
    stop: open.stop,
    held: begun.held,
    load: [...open.load, ...begun.load, ...rest.load],
    wakeAt: soonest(open.wakeAt, begun.wakeAt, budgetDueAt(run)),
  }
}
