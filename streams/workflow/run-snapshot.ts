/**
 * The fold of a run as plain data, to be read instead of the thousands of events that it was made of. It is no truth:
 * it can be thrown away at any time, and one of another form is not read.
 */
import type { CommandId } from "../ids.ts"
import { type Attempt, emptyRun, newStep, type Run, type StepOutput, type StepState } from "./run.ts"

const NONE: StepOutput = { type: "none" }
const PLAIN_RUN = emptyRun("" as Run["runId"])
const PLAIN_STEP = newStep("")
const PLAIN_ATTEMPT: Omit<Attempt, "generation" | "attempt" | "startedAt"> = {
  sessionId: null,
  childRunId: null,
  endedAt: null,
  outcome: "open",
  output: NONE,
  exitCode: null,
  error: null,
  usage: null,
}

/** Raised when events come to mean something else than before. What a run is made of is in it, too. */
const MEANING = 1
const FORM = [MEANING, ...[PLAIN_RUN, PLAIN_STEP, PLAIN_ATTEMPT].map((of) => Object.keys(of).join(" "))].join(
  "/",
)

type Fields = Readonly<Record<string, unknown>>

interface Snapshot {
  readonly form: string
  readonly run: Omit<Run, "steps" | "taken">
  readonly taken: readonly CommandId[]
  readonly steps: readonly Fields[]
}

export function snapshotOf({ steps, taken, ...run }: Run): Snapshot {
  return { form: FORM, run, taken: [...taken], steps: Array.from(steps.values(), packedStep) }
}

/** `null` where the form is another one. */
export function runOfSnapshot(value: unknown): Run | null {
  if (typeof value !== "object" || value === null || !("form" in value) || value.form !== FORM) return null
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
  const { stepId, generation } = step
  return {
    ...others(step, PLAIN_STEP),
    stepId,
    generation,
    ...(output.type !== "none" && { output }),
    ...(attempts.length > 0 && { attempts: attempts.map((attempt) => packedAttempt(attempt, output)) }),
  }
}

/** Most attempts gave what their step has: that is said once. */
const packedAttempt = ({ output, ...attempt }: Attempt, ofStep: StepOutput): Fields => ({
  ...others(attempt, PLAIN_ATTEMPT),
  ...(output === ofStep && output.type !== "none" && { isLast: true }),
  ...(output !== ofStep && output.type !== "none" && { output }),
})

const others = (of: object, plain: object): Fields =>
  Object.fromEntries(Object.entries(of).filter(([name, value]) => (plain as Fields)[name] !== value))

function unpackedStep(packed: Fields): StepState {
  const { stepId, generation, attempts = [], ...step } = packed as Partial<StepState> & { stepId: string }
  const plain = newStep(stepId, generation)
  const output = step.output ?? plain.output
  return {
    ...plain,
    ...step,
    attempts: attempts.map((attempt) => {
      const { isLast, ...rest } = attempt as Attempt & { readonly isLast?: true }
      return { ...PLAIN_ATTEMPT, ...rest, ...(isLast && { output }) }
    }),
  }
}
