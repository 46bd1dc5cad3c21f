/** From what happened to all that follows from it without going outside. */
import type { RunId } from "../ids.ts"
import { type RunEvent, runEventId, type UnstampedRunEvent } from "./event.ts"
import { type Now, type Plan, plan } from "./plan.ts"
import type { Run } from "./run.ts"
import { draftOf, foldInto } from "./run-fold.ts"

export interface Advanced {
  /** The run with all of the events taken. True once they are in the log. */
  readonly run: Run
  /** To append as they are, together. */
  readonly events: readonly RunEvent[]
  /** What is left to do outside; it has nothing to say any more. */
  readonly plan: Plan
}

/** Gives events their places behind the last one that the run took. */
export function stamped(
  { runId, epoch, n }: { readonly runId: RunId; readonly epoch: number; readonly n: number },
  events: readonly UnstampedRunEvent[],
  now: number,
): readonly RunEvent[] {
  const at = new Date(now).toISOString()
  return events.map((event, index) => {
    const place = { epoch, n: n + 1 + index }
    return { ...event, id: runEventId(runId, place), ...place, at }
  })
}

/** Every round says something that cannot be said again; many more than these are a fault of ours. */
const MOST_ROUNDS = 100_000

export function advance(run: Run, said: readonly UnstampedRunEvent[], now: Now): Advanced {
  const events: RunEvent[] = []
  const at = draftOf(run)
  let next: readonly UnstampedRunEvent[] = said
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const stampedEvents = stamped(at, next, now.now)
    events.push(...stampedEvents)
    foldInto(at, stampedEvents)
    const planned = plan(at, now)
    if (planned.say.length === 0) return { run: at, events, plan: planned }
    next = planned.say
  }
  throw new Error(`Run ${run.runId} goes on without end after ${events.length} events.`)
}
