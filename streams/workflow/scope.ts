/** What the expressions of a step can see of a run. */
import type { BlobRef } from "../event.ts"
import type { Json } from "./definition.ts"
import type { Scope, StepView } from "./expression.ts"
import { graphOf } from "./graph.ts"
import type { Reference } from "./reference.ts"
import type { Run, StepOutput, StepState } from "./run.ts"
import type { StepId } from "./step-id.ts"

/** Contents of blobs by their names: outputs that are too large for the log, read and parsed. */
export type Blobs = ReadonlyMap<string, Json>

/** Something that is known, or what must be read first to know it. */
export type Known<Value> =
  | { readonly type: "known"; readonly value: Value }
  | { readonly type: "load"; readonly blobs: readonly BlobRef[] }

/** The item of a map that the step is done for. */
export interface Item {
  readonly item: unknown
  readonly index: number
}

export function scopeFor(
  run: Run,
  references: readonly Reference[],
  { blobs, item }: { readonly blobs: Blobs; readonly item: Item | null },
): Known<Scope> {
  const missing: BlobRef[] = []
  const steps: Record<StepId, StepView> = {}
  for (const { root, path } of references) {
    const [id, field] = path
    const step = root === "steps" && typeof id === "string" ? run.steps.get(id) : undefined
    if (step === undefined || (steps[step.stepId] && field !== "output")) continue
    const output = readOutput(step.output, blobs)
    if (output.type === "load" && field === "output") missing.push(...output.blobs)
    steps[step.stepId] = viewOf(step, output)
  }
  if (missing.length > 0) return { type: "load", blobs: missing }
  const of = { id: run.runId, workflow: run.definition?.name ?? "", workingDir: run.workingDir ?? "" }
  return { type: "known", value: { inputs: run.inputs, steps, run: of, ...item } }
}

const viewOf = (step: StepState, output: Known<StepOutput>): StepView => ({
  status: step.status,
  ...(output.type === "known" && output.value.type === "value" && { output: output.value.value }),
  exitCode: step.exitCode,
  error: step.error?.message ?? null,
  sessionId: sessionOf(step),
  workingDir: step.workingDir,
})

/** The session of its last attempt that had one. */
export const sessionOf = ({ attempts }: StepState) =>
  attempts.findLast(({ sessionId }) => sessionId !== null)?.sessionId ?? null

/** The output with its blob read. */
export function readOutput(output: StepOutput, blobs: Blobs): Known<StepOutput> {
  if (output.type !== "blob") return { type: "known", value: output }
  const value = blobs.get(output.ref.blob)
  return value === undefined
    ? { type: "load", blobs: [output.ref] }
    : { type: "known", value: { type: "value", value } }
}

/** The item that a step of a map is done for. `null` for a step that is no item. */
export function itemOf(
  run: Run,
  place: { readonly id: StepId; readonly index: number | null },
  blobs: Blobs,
): Known<Item | null> {
  const { id, index } = place
  const items = run.steps.get(id)?.items
  if (index === null || items === null || items === undefined) return { type: "known", value: null }
  const values = readOutput(items.values, blobs)
  if (values.type === "load") return values
  const list = values.value.type === "value" ? values.value.value : []
  return { type: "known", value: { item: Array.isArray(list) ? list[index] : undefined, index } }
}

export const stepIn = (run: Run, id: StepId) =>
  run.definition ? graphOf(run.definition).steps.get(id) : undefined
