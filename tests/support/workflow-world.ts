/**
 * A run with a world around it that is none: steps end when the test says so, and time goes when nothing else does.
 * What is real is everything that decides.
 */

import { CommandId, RunId } from "#streams/ids"
import { advance, stamped } from "#streams/workflow/advance"
import { answerTo } from "#streams/workflow/answer"
import type { RunCommand, RunCommandOf } from "#streams/workflow/command"
import type { Inputs, Json, WorkflowDefinition } from "#streams/workflow/definition"
import type { RunEvent, StepFailure, UnstampedRunEvent } from "#streams/workflow/event"
import { EMPTY_PLAN, type Plan, type Room, type Start, UNLIMITED } from "#streams/workflow/plan"
import { readDefinition } from "#streams/workflow/read"
import { failedEvent, lostEvent } from "#streams/workflow/retry"
import { emptyRun, type Run } from "#streams/workflow/run"
import { foldRun } from "#streams/workflow/run-fold"
import type { StepId } from "#streams/workflow/step-id"

/** The definition that YAML says. Throws with all that is wrong with it. */
export function defined(yaml: string): WorkflowDefinition {
  const read = readDefinition(yaml)
  if ("problems" in read) throw new Error(read.problems.map(({ message }) => message).join("\n"))
  return read.definition
}

export type Outcome =
  | { readonly output?: Json; readonly exitCode?: number; readonly usage?: { readonly costUsd: number } }
  | { readonly error: Partial<StepFailure> }
  | { readonly lost: true }

type WithoutStamp<Command> = Command extends unknown ? Omit<Command, "at" | "commandId"> : never

export interface World {
  readonly run: Run
  readonly log: readonly RunEvent[]
  readonly plan: Plan
  /** Attempts that run now. */
  readonly open: readonly Start[]
  /** All attempts that were begun, in order. */
  readonly begun: readonly Start[]
  now: number
  room: Room
  /** Another worker claims the run, knowing nothing but the log. */
  claim(): void
  say(...events: readonly UnstampedRunEvent[]): void
  /** Gives what was said in answer. */
  ask(command: WithoutStamp<RunCommand>): readonly UnstampedRunEvent[]
  end(stepId: StepId, outcome?: Outcome): void
  /** Lets time go to where something is due. */
  wait(): void
  /** Ends what is open, and lets time go, until nothing more can happen by itself. */
  rest(outcome?: (start: Start) => Outcome): void
}

export const NOW = Date.parse("2030-01-01T00:00:00Z")
const OWNER = { pid: 1, startTime: "1", bootId: "boot", host: "host" }

export function worldOf(
  definition: WorkflowDefinition,
  {
    inputs = {},
    random = () => 0.5,
    first,
  }: {
    readonly inputs?: Inputs
    readonly random?: () => number
    /** The first events, of a fork. */
    readonly first?: readonly UnstampedRunEvent[]
  } = {},
): World {
  const runId = RunId.parse("run_test")
  const created: UnstampedRunEvent = {
    type: "run_created",
    definition,
    inputs,
    workingDir: "/work",
    startedBy: "user",
  }
  const log: RunEvent[] = []
  const open = new Map<string, Start>()
  const begun: Start[] = []
  let commands = 0

  const take = (events: readonly RunEvent[]) => {
    log.push(...events)
    world.run = foldRun(world.run, events)
  }
  const go = (said: readonly UnstampedRunEvent[]) => {
    for (let next = said; ; ) {
      const { events, plan } = advance(world.run, next, {
        now: world.now,
        random,
        room: world.room,
        blobs: new Map(),
      })
      take(events)
      world.plan = plan
      if (plan.start.length === 0) break
      next = plan.start.map(({ stepId, generation, attempt }) => ({
        type: "step_start",
        stepId,
        generation,
        attempt,
      }))
      for (const start of plan.start) open.set(start.stepId, start)
      begun.push(...plan.start)
    }
    // One at a time: what follows from its end plans anew.
    const [stop] = world.plan.stop
    if (stop === undefined) return
    open.delete(stop.stepId)
    const { why, ...attempt } = stop
    const step = world.run.steps.get(stop.stepId)
    if (why === "interrupted") go([{ type: "step_interrupted", ...attempt }])
    else if (step !== undefined) {
      const error = { code: why, class: why, message: why }
      go([failedEvent(world.run, step, { error }, { now: world.now, random })])
    }
  }

  const world = {
    run: emptyRun(runId),
    log,
    plan: EMPTY_PLAN,
    begun,
    now: NOW,
    room: UNLIMITED,
    get open() {
      return [...open.values()]
    },
    claim() {
      world.run = foldRun(emptyRun(runId), log)
      const place = { epoch: world.run.epoch + 1, n: 0 }
      take([
        {
          type: "run_claimed",
          ...place,
          id: `${runId}/${place.epoch}/0`,
          at: new Date(world.now).toISOString(),
          incarnation: `i${place.epoch}`,
          owner: OWNER,
        },
      ])
      go([])
    },
    say: (...events: readonly UnstampedRunEvent[]) => go(events),
    ask(command: WithoutStamp<RunCommand>) {
      commands += 1
      const whole = { ...command, at: "", commandId: CommandId.parse(`cmd_${commands}`) } as RunCommandOf<
        RunCommand["type"]
      >
      const answer = answerTo(world.run, whole)
      go(answer)
      return answer
    },
    end(stepId: StepId, outcome: Outcome = {}) {
      const start = open.get(stepId)
      const step = world.run.steps.get(stepId)
      if (start === undefined || step === undefined) throw new Error(`Step ${stepId} is not open.`)
      open.delete(stepId)
      const { generation, attempt } = start
      const chance = { now: world.now, random }
      if ("lost" in outcome) go([lostEvent(step, chance)])
      else if ("error" in outcome) {
        const error = { code: "broken", class: "transient", message: "It broke.", ...outcome.error } as const
        go([failedEvent(world.run, step, { error }, chance)])
      } else {
        const { usage, ...rest } = outcome
        const used = usage && { usage: { inputTokens: 0, outputTokens: 0, ...usage } }
        go([{ type: "step_complete", stepId, generation, attempt, ...rest, ...used }])
      }
    },
    wait() {
      if (world.plan.wakeAt === null) throw new Error("Nothing is due.")
      world.now = Math.max(world.now, world.plan.wakeAt)
      go([])
    },
    rest(outcome: (start: Start) => Outcome = () => ({})) {
      for (let round = 0; round < 10_000; round++) {
        const [next] = world.open
        if (next !== undefined) world.end(next.stepId, outcome(next))
        else if (world.plan.wakeAt !== null) world.wait()
        else return
      }
      throw new Error("It does not come to rest.")
    },
  }
  take(stamped({ runId, epoch: 0, n: -1 }, first ?? [created], NOW))
  world.claim()
  return world
}

/** How the steps of a run stand, by their ids. */
export const standing = ({ steps }: Run): Readonly<Record<StepId, string>> =>
  Object.fromEntries(Array.from(steps.values(), ({ stepId, status }) => [stepId, status]))
