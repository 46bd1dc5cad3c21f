/** A new run that begins where another stood: what is not touched is taken over, the rest is done. */
import { affectedBy } from "./affected.ts"
import { faultsOf } from "./check.ts"
import { type Inputs, Step, type WorkflowDefinition } from "./definition.ts"
import type { UnstampedRunEvent } from "./event.ts"
import { readInputs } from "./inputs.ts"
import { isRefusal, type Refusal, refuse } from "./refusal.ts"
import type { Run, StepOutput } from "./run.ts"
import { sessionOf } from "./scope.ts"
import { placeOf, type StepId } from "./step-id.ts"
import type { StepInput } from "./step-input.ts"
import { inputRefused, toldAnew } from "./told-anew.ts"

export interface Fork {
  readonly stepId: StepId
  /** All of them, read as those of a start. Default: those of the run. What an adopted step made of the old ones stays. */
  readonly inputs?: Inputs | undefined
  /** What the step is to be told instead of what the definition says. */
  readonly input?: StepInput | undefined
}

/** The first events of the new run, to be written in one append at epoch 0. Outputs may be blobs of the old run. */
export function forkOf(run: Run, { stepId, inputs, input }: Fork): readonly UnstampedRunEvent[] | Refusal {
  if (run.definition === null)
    return refuse("run_unknown", "There is no such run.", "List the runs there are.")
  const step = run.steps.get(stepId)
  if (step === undefined || placeOf(stepId).index !== null)
    return refuse(
      "unknown_step",
      `The run cannot be forked from ${stepId}.`,
      "Name a step of its definition.",
    )
  const told = definitionOf(run, run.definition, { stepId, input })
  if (isRefusal(told)) return told
  const read = inputs === undefined ? { inputs: run.inputs } : readInputs(told, inputs)
  if ("wrong" in read)
    return refuse(
      "invalid_inputs",
      Object.values(read.wrong).join(" "),
      "Give inputs that the workflow takes.",
    )
  const again = new Set(affectedBy(run, { type: "fork", stepId }).steps)
  const adopted = [...run.steps.values()].flatMap(({ status, ...state }) =>
    (status === "completed" || status === "skipped") && state.place.index === null && !again.has(state.stepId)
      ? [
          {
            stepId: state.stepId,
            status,
            ...outputFields(state.output),
            ...(state.exitCode !== null && { exitCode: state.exitCode }),
            ...sessionFields(sessionOf({ status, ...state })),
            ...(state.workingDir !== null && { workingDir: state.workingDir }),
          },
        ]
      : [],
  )
  return [
    {
      type: "run_created",
      definition: told,
      inputs: read.inputs,
      workingDir: run.workingDir ?? "",
      startedBy: "user",
      forkedFrom: { runId: run.runId, epoch: run.epoch, n: run.n },
    },
    { type: "steps_adopted", steps: adopted },
  ]
}

/** What was said anew of steps becomes what they are: the fork begins where the run stood, also in that. */
function definitionOf(
  run: Run,
  definition: WorkflowDefinition,
  { stepId, input }: Pick<Fork, "stepId" | "input">,
): WorkflowDefinition | Refusal {
  const steps: Step[] = []
  for (const step of definition.steps) {
    const said = { ...run.steps.get(step.id)?.input, ...(step.id === stepId && input) }
    const told = toldAnew(Step, step, { stepId: step.id, input: said })
    if (isRefusal(told)) return told
    steps.push(told)
  }
  const changed = { ...definition, steps }
  const [fault] = input === undefined ? [] : faultsOf(changed)
  return fault === undefined ? changed : inputRefused(fault.message)
}

const outputFields = (output: StepOutput) => {
  if (output.type === "blob") return { outputBlob: output.ref }
  return output.type === "value" ? { output: output.value } : {}
}

const sessionFields = (sessionId: ReturnType<typeof sessionOf>) => (sessionId === null ? {} : { sessionId })
