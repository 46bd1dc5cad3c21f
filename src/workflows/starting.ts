/** Makes runs. One is there as soon as its first event is; its row tells workers and lists of it. */
import { newRunId, type RunId, runIdOf, type TokenId } from "#streams/ids"
import type { Inputs, WorkflowDefinition } from "#streams/workflow/definition"
import type { RunEventOf, StartedBy, UnstampedRunEvent } from "#streams/workflow/event"
import { readInputs } from "#streams/workflow/inputs"
import { runRowChange, runsToldOf } from "#streams/workflow/registry"
import { checkWithin } from "../mcp/children.ts"
import type { PlaneContext } from "../plane-context.ts"
import { Problem } from "../problem.ts"
import { checkedWorkingDir } from "../working-dir.ts"
import type { RunFolds } from "./folds.ts"
import type { StartRequest } from "./plane.ts"
import { definitionIn } from "./read-definitions.ts"
import { createRun } from "./run-log.ts"

/** All that a run is made of: anew, or from the first events that somebody worked out. */
export type NewRun = { readonly idempotencyKey?: string | undefined } & (
  | {
      readonly definition: WorkflowDefinition
      readonly inputs: Inputs
      /** Default: the user's home. */
      readonly workingDir: string | undefined
      readonly startedBy: StartedBy
      readonly startedWith?: TokenId | undefined
      readonly within?: string | undefined
      readonly parent?: Created["parent"]
    }
  | { readonly events: readonly UnstampedRunEvent[] }
)
type Created = RunEventOf<"run_created">

/** The workflow that is asked for, by name or as it is written. */
export async function definitionOf(
  folds: RunFolds,
  { name, source }: Pick<StartRequest, "name" | "source">,
): Promise<WorkflowDefinition> {
  if (source !== undefined && name === undefined) return definitionIn(source)
  if (name === undefined || source !== undefined)
    throw new Problem("invalid_workflow", "Give either the name of a workflow or its definition.")
  const { value } = await folds.workflows()
  const row = value.workflows.get(name)
  if (row) return row.definition
  throw unknownWorkflow(name)
}

export const unknownWorkflow = (name: string): Problem =>
  new Problem(
    "unknown_workflow",
    `There is no workflow “${name}” here: \`agentz workflow define FILE\` makes it known.`,
  )

/** Throws `invalid_inputs` with all that is wrong. */
export function inputsOf(definition: WorkflowDefinition, given: Inputs = {}): Inputs {
  const read = readInputs(definition, given)
  if ("inputs" in read) return read.inputs
  throw new Problem("invalid_inputs", Object.values(read.wrong).join(" "))
}

/** The same key gives the same run, however often and by however many at once it is asked for. */
export async function makeRun(
  { endpoint, home, patience, change }: Pick<PlaneContext, "endpoint" | "home" | "patience" | "change">,
  asked: NewRun,
): Promise<RunId> {
  const events = "events" in asked ? asked.events : [await createdBy(asked, home.path)]
  const [created] = events
  if (created?.type !== "run_created") throw new Error("A run begins with run_created.")
  const { idempotencyKey } = asked
  const runId = idempotencyKey === undefined ? newRunId() : await runIdOf(idempotencyKey)
  const { definition, workingDir, startedBy, parent, forkedFrom } = created
  const row = {
    runId,
    workflow: definition.name,
    title: definition.description ?? definition.name,
    workingDir,
    startedBy,
    ...("startedWith" in asked && asked.startedWith !== undefined && { startedWith: asked.startedWith }),
    ...(parent && { parent: { runId: parent.runId, stepId: parent.stepId } }),
    ...(forkedFrom && { forkedFrom: forkedFrom.runId }),
    createdAt: new Date().toISOString(),
  }
  // Also where it was made before: that may have been by a server that could not do both at once.
  const told = [runsToldOf([runRowChange(row)])]
  await createRun(endpoint, runId, { ...patience, change, events, told })
  return runId
}

async function createdBy(
  { definition, inputs, workingDir, within, startedBy, parent }: Exclude<NewRun, { events: unknown }>,
  home: string,
): Promise<Omit<Created, "id" | "epoch" | "n" | "at">> {
  const directory = await checkedWorkingDir(workingDir ?? within, home)
  checkWithin(directory, within)
  return {
    type: "run_created",
    definition,
    inputs: inputsOf(definition, inputs),
    workingDir: directory,
    startedBy,
    ...(parent && { parent }),
  }
}
