/**
 * The fold of a run as plain data, to be read instead of the thousands of events that it was made of. It is no truth:
 * it can be thrown away at any time, and one of another form is not read.
 */
import type { CommandId } from "../ids.ts"
import { type Attempt, newStep, type Run, type StepOutput, type StepState } from "./run.ts"

const NONE: StepOutput = { type: "none" }
const PLAIN_STEP = newStep("")
const PLAIN_ATTEMPT: Omit<Attempt, "generation" | "attempt" | "startedAt"> = {
  sessionId: null,
  host: null,
  childRunId: null,
  endedAt: null,
  outcome: "open",
  output: NONE,
  exitCode: null,
  error: null,
  usage: null,
}

type Fields = Readonly<Record<string, unknown>>

interface Snapshot {
  readonly form: string
  readonly run: Omit<Run, "steps" | "taken">
  readonly taken: readonly CommandId[]
  readonly steps: readonly Fields[]
}

/** `form`: of what reads it. */
export function snapshotOf({ steps, taken, ...run }: Run, form: string): Snapshot {
  return { form, run, taken: [...taken], steps: Array.from(steps.values(), packedStep) }
}

/** `null` where the form is another one. */
export function runOfSnapshot(value: unknown, form: string): Run | null {
  if (typeof value !== "object" || value === null || !("form" in value) || value.form !== form) return null
  const { run, taken, steps } = value as Snapshot
  const states = steps.map(unpackedStep)
  return {
    ...run,
    taken: new Set(taken),
    steps: new Map(states.map((step) => [step.stepId, step])),
  }
}

/** Only what is not as it is of every step. */
function packedStep({ place: _, output, attempts, ...step }: StepState): Fields {
  const fields = others(step, PLAIN_STEP)
  fields.generation = step.generation
  if (output.type !== "none") fields.output = output
  if (attempts.length > 0) fields.attempts = attempts.map((attempt) => packedAttempt(attempt, output))
  return fields
}

/** Most attempts gave what their step has: that is said once. */
function packedAttempt({ output, ...attempt }: Attempt, ofStep: StepOutput): Fields {
  const fields = others(attempt, PLAIN_ATTEMPT)
  if (output.type !== "none") fields[output === ofStep ? "isLast" : "output"] = output === ofStep || output
  return fields
}

/** A loop, since there may be ten thousand. */
function others(of: object, plain: object): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  for (const name in of) {
    const value = (of as Fields)[name]
    if (value !== (plain as Fields)[name]) fields[name] = value
  }
  return fields
}

function unpackedStep(packed: Fields): StepState {
  const step = packed as Partial<StepState> & Pick<StepState, "stepId" | "generation">
  const whole = { ...newStep(step.stepId, step.generation), ...step }
  return step.attempts === undefined
    ? whole
    : { ...whole, attempts: step.attempts.map((attempt) => unpackedAttempt(attempt, whole.output)) }
}

function unpackedAttempt({ isLast, ...attempt }: Attempt & { isLast?: true }, ofStep: StepOutput): Attempt {
  return { ...PLAIN_ATTEMPT, ...attempt, ...(isLast && { output: ofStep }) }
}
