/** A new run that begins where another stood: what is not touched is taken over, the rest is done. */
import { affectedBy } from "./affected.ts"
import type { Inputs, WorkflowDefinition } from "./definition.ts"
import type { UnstampedRunEvent } from "./event.ts"
import { type Refusal, refuse } from "./refusal.ts"
import type { Run, StepOutput } from "./run.ts"
import { sessionOf } from "./scope.ts"
import { placeOf, type StepId } from "./step-id.ts"

export interface Fork {
  readonly stepId: StepId
  /** Default: those of the run. What an adopted step made of the old ones stays. */
  readonly inputs?: Inputs | undefined
  /** Default: that of the run. A step that it does not have is not taken over. */
  readonly definition?: WorkflowDefinition | undefined
}

/** The first events of the new run, to be written in one append at epoch 0. Outputs may be blobs of the old run. */
export function forkOf(
  run: Run,
  { stepId, inputs, definition }: Fork,
): readonly UnstampedRunEvent[] | Refusal {
  if (run.definition === null)
    return refuse("run_unknown", "There is no such run.", "List the runs there are.")
  const step = run.steps.get(stepId)
  if (step === undefined || placeOf(stepId).index !== null)
    return refuse(
      "unknown_step",
      `The run cannot be forked from ${stepId}.`,
      "Name a step of its definition.",
    )
  const told = definition ?? run.definition
  const again = new Set(affectedBy(run, { type: "fork", stepId }).steps)
  const known = new Set(told.steps.map(({ id }) => id))
  const adopted = [...run.steps.values()].flatMap(({ status, ...state }) =>
    (status === "completed" || status === "skipped") && known.has(state.stepId) && !again.has(state.stepId)
      ? [
          {
            stepId: state.stepId,
            status,
            ...outputFields(state.output),
            ...(state.exitCode !== null && { exitCode: state.exitCode }),
            ...sessionFields(sessionOf({ status, ...state })),
          },
        ]
      : [],
  )
  return [
    {
      type: "run_created",
      definition: told,
      inputs: inputs ?? run.inputs,
      workingDir: run.workingDir ?? "",
      startedBy: "user",
      forkedFrom: { runId: run.runId, epoch: run.epoch, n: run.n },
    },
    { type: "steps_adopted", steps: adopted },
  ]
}

const outputFields = (output: StepOutput) => {
  if (output.type === "blob") return { outputBlob: output.ref }
  return output.type === "value" ? { output: output.value } : {}
}

const sessionFields = (sessionId: ReturnType<typeof sessionOf>) => (sessionId === null ? {} : { sessionId })
