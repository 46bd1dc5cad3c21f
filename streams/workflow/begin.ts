/** What begins: every step whose needs are settled, as far as there are places. */
import type { BlobRef } from "../event.ts"
import type { SessionId } from "../ids.ts"
import type { Body, Step, StepOf } from "./definition.ts"
import { durationMs } from "./duration.ts"
import type { StepFailure, UnstampedRunEvent, WaitingFor } from "./event.ts"
import type { Now, Room, Start } from "./plan.ts"
import { resolveBody, resolveItems, resolveWhen } from "./resolve.ts"
import type { Run, StepState } from "./run.ts"
import { type Blobs, sessionOf, stepIn } from "./scope.ts"
import { soonest } from "./soonest.ts"
import { agentOf, isOutside } from "./step-body.ts"
import type { StepId } from "./step-id.ts"
import { isReady } from "./transition.ts"

export interface Beginning {
  readonly say: readonly UnstampedRunEvent[]
  readonly start: readonly Start[]
  readonly held: readonly StepId[]
  readonly load: readonly BlobRef[]
  readonly wakeAt: number | null
}

export function beginning(run: Run, now: Now): Beginning {
  const say: UnstampedRunEvent[] = []
  const start: Start[] = []
  const held: StepId[] = []
  const load: BlobRef[] = []
  let wakeAt: number | null = null
  const places = placesOf(run, now.room)
  for (const step of run.steps.values()) {
    if (step.status !== "pending") continue
    if (step.retryAt !== null) {
      const { stepId, generation } = step
      const dueAt = Date.parse(step.retryAt)
      if (dueAt <= now.now) say.push({ type: "step_retry", stepId, generation, cause: "due" })
      else wakeAt = soonest(wakeAt, dueAt)
      continue
    }
    if (!isReady(run, step)) continue
    // Asked first, since a map may have thousands of items that have no place yet.
    if (step.place.index !== null && !places.has(step)) {
      held.push(step.stepId)
      continue
    }
    const skipped = whenOf(run, step, now.blobs)
    if (skipped.type === "load") load.push(...skipped.blobs)
    else if (skipped.type === "say") say.push(...skipped.events)
    else if (!places.has(step)) held.push(step.stepId)
    else {
      const begun = beginStep(run, step, now)
      if (begun.type === "load") load.push(...begun.blobs)
      else if (begun.type === "say") say.push(...begun.events)
      else if (places.take(step, begun.start.body)) start.push(begun.start)
      else held.push(step.stepId)
    }
  }
  return { say, start, held, load, wakeAt }
}

type Begun =
  | { readonly type: "say"; readonly events: readonly UnstampedRunEvent[] }
  | { readonly type: "start"; readonly start: Start }
  | { readonly type: "load"; readonly blobs: readonly BlobRef[] }

/** Asked before the first attempt alone: a step that has begun is not skipped by what came to pass since. */
function whenOf(
  run: Run,
  step: StepState,
  blobs: Blobs,
): Exclude<Begun, { type: "start" }> | { readonly type: "go" } {
  const definition = stepIn(run, step.stepId)
  if (definition?.when === undefined || step.attempt > 0) return { type: "go" }
  const when = resolveWhen(run, definition, blobs)
  if (when.type === "load") return when
  if (when.type === "wrong") return { type: "say", events: failedAtOnce(step, when.error) }
  if (when.value) return { type: "go" }
  const { stepId, generation } = step
  return { type: "say", events: [{ type: "step_skipped", stepId, generation, cause: "when" }] }
}

const next = ({ stepId, generation, attempt }: StepState) => ({ stepId, generation, attempt: attempt + 1 })

/** It has an attempt, so that it can be seen where it failed. */
const failedAtOnce = (step: StepState, error: StepFailure): readonly UnstampedRunEvent[] => [
  { type: "step_start", ...next(step) },
  { type: "step_failed", ...next(step), error, retryable: false },
]

function beginStep(run: Run, step: StepState, now: Now): Begun {
  const definition = stepIn(run, step.place.id)
  if (definition?.kind === "map" && definition.id === step.stepId)
    return expand(run, step, { map: definition, now })
  const body = resolveBody(run, step.stepId, now.blobs)
  if (body.type === "load") return body
  if (body.type === "wrong") return { type: "say", events: failedAtOnce(step, body.error) }
  switch (body.value.kind) {
    case "transform": {
      const output = body.value.value
      return say({ type: "step_start", ...next(step) }, { type: "step_complete", ...next(step), output })
    }
    case "approval": {
      const { question, choices = CHOICES } = body.value
      return waits(step, { type: "approval", question, choices: [...choices] })
    }
    case "wait": {
      const waitingFor = waitOf(body.value, now.now)
      return waitingFor === null
        ? { type: "say", events: failedAtOnce(step, noTime(step, body.value.until ?? "")) }
        : waits(step, waitingFor)
    }
    case "agent":
    case "command":
    case "workflow": {
      const session = sessionToGoOnIn(run, body.value)
      return session.type === "wrong"
        ? { type: "say", events: failedAtOnce(step, session.error) }
        : { type: "start", start: { ...next(step), body: body.value, session: session.value } }
    }
  }
}

/** What may be chosen where the definition says nothing. */
const CHOICES = ["approve", "reject"]

const say = (...events: readonly UnstampedRunEvent[]): Begun => ({ type: "say", events })

const waits = (step: StepState, waitingFor: WaitingFor): Begun =>
  say({ type: "step_start", ...next(step) }, { type: "step_waiting", ...next(step), for: waitingFor })

function waitOf(body: Extract<Body, { kind: "wait" }>, now: number): WaitingFor | null {
  if (body.signal !== undefined) return { type: "signal", name: body.signal }
  const until = body.for !== undefined ? now + durationMs(body.for) : Date.parse(body.until ?? "")
  return Number.isNaN(until) ? null : { type: "time", until: new Date(until).toISOString() }
}

const noTime = ({ stepId }: StepState, until: string): StepFailure => ({
  code: "expression_failed",
  class: "validation",
  message: `Step \`${stepId}\`: \`until\` gave ${JSON.stringify(until)}, which is no time.`,
  hint: "Write it as ISO 8601, such as 2030-01-31T09:00:00Z.",
})

/** A map that is tried again has its items already. */
function expand(
  run: Run,
  step: StepState,
  { map, now }: { readonly map: StepOf<"map">; readonly now: Now },
): Begun {
  const begun = { type: "step_start", ...next(step) } as const
  if (step.items !== null) return say(begun)
  const items = resolveItems(run, map, now.blobs)
  if (items.type === "load") return items
  if (items.type === "wrong") return { type: "say", events: failedAtOnce(step, items.error) }
  const { stepId, generation } = step
  return say(begun, {
    type: "map_expanded",
    stepId,
    generation,
    count: items.value.length,
    items: [...items.value],
  })
}

function sessionToGoOnIn(
  run: Run,
  body: Start["body"],
):
  | { readonly type: "known"; readonly value: SessionId | null }
  | { readonly type: "wrong"; readonly error: StepFailure } {
  if (body.kind !== "agent" || body.session === undefined) return { type: "known", value: null }
  const before = run.steps.get(body.session)
  const session = before === undefined ? null : sessionOf(before)
  if (session !== null) return { type: "known", value: session }
  return {
    type: "wrong",
    error: {
      code: "missing_session",
      class: "validation",
      message: `It goes on in the session of step \`${body.session}\`, which had none.`,
      hint: "Do that step first: resume the run from it.",
    },
  }
}

interface Places {
  /** Whether there is one, as far as can be told before the step is filled in. */
  has(step: StepState): boolean
  take(step: StepState, body: Start["body"]): boolean
}

/** Places of the machine, of the run, of each map and each type of agent. A run within a run takes none of the machine's. */
function placesOf(run: Run, room: Room): Places {
  let ofMachine = room.places
  let ofRun = run.definition?.concurrency ?? Number.POSITIVE_INFINITY
  const ofMaps = new Map<StepId, number>()
  const ofAgents = new Map(room.agents)
  const outside = new Map<StepId, boolean>()
  const leftOfMap = (id: StepId): number => {
    const step: Step | undefined = stepIn(run, id)
    return ofMaps.get(id) ?? (step?.kind === "map" ? step.concurrency : undefined) ?? Number.POSITIVE_INFINITY
  }
  const taken = ({ place: { id, index } }: StepState) => {
    ofRun -= 1
    if (index !== null) ofMaps.set(id, leftOfMap(id) - 1)
  }
  for (const step of run.steps.values())
    if (step.status === "running" && isOutside(run, step.stepId)) taken(step)

  /** What is not done outside takes no place, and items of one map are all alike. */
  const has = (step: StepState): boolean => {
    const { id, index } = step.place
    if (ofRun > 0 && (index === null || leftOfMap(id) > 0)) return true
    const known = outside.get(id) ?? isOutside(run, step.stepId)
    outside.set(id, known)
    return !known
  }
  return {
    has,
    take(step, body) {
      const agent = agentOf(body)
      const ofAgent =
        agent === null ? Number.POSITIVE_INFINITY : (ofAgents.get(agent) ?? Number.POSITIVE_INFINITY)
      if (!has(step) || ofAgent <= 0 || (body.kind !== "workflow" && ofMachine <= 0)) return false
      if (body.kind !== "workflow") ofMachine -= 1
      if (agent !== null) ofAgents.set(agent, ofAgent - 1)
      taken(step)
      return true
    },
  }
}
