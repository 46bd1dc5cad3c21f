/** A step with all its expressions filled in: what is really to be done. Pure: the same run gives the same. */
import type { Body, Json, Step, StepOf, WorkflowDefinition } from "./definition.ts"
import type { StepFailure } from "./event.ts"
import { evaluate, parseExpression, type Scope } from "./expression.ts"
import { ExpressionError } from "./expression-error.ts"
import type { Run, StepState } from "./run.ts"
import { type Blobs, type Item, itemOf, type Known, scopeFor, stepIn } from "./scope.ts"
import { placeOf, type StepId } from "./step-id.ts"
import { fillDeep, fillText } from "./template.ts"
import { FILLED, referencesIn, type Text, textsOfBody } from "./texts.ts"

/** `wrong`: no other attempt would do better. */
export type Resolved<Value> = Known<Value> | { readonly type: "wrong"; readonly error: StepFailure }

/** What the step does, filled in; of a map what it does with that item. */
export function resolveBody(run: Run, stepId: StepId, blobs: Blobs): Resolved<Body> {
  const place = placeOf(stepId)
  const step = stepIn(run, place.id)
  const state = run.steps.get(stepId)
  if (run.definition === null || step === undefined || state === undefined) return unknownStep(stepId)
  const written = step.kind === "map" ? step.step : step
  const item = itemOf(run, place, blobs)
  if (item.type === "load") return item
  const body = asTold(run.definition, written, state)
  return inScope(run, { stepId, texts: textsOfBody(body), blobs, item: item.value }, (scope) =>
    filled(body, scope),
  )
}

/** Whether the step is to be done at all. */
export function resolveWhen(run: Run, step: Step, blobs: Blobs): Resolved<boolean> {
  const { id, when } = step
  if (when === undefined) return { type: "known", value: true }
  const texts: readonly Text[] = [{ place: ["when"], text: when, form: "expression" }]
  return inScope(run, { stepId: id, texts, blobs, item: null }, (scope) => {
    const value = evaluate(parseExpression(when), scope)
    if (typeof value === "boolean") return value
    throw new ExpressionError(
      `\`when\` gave ${shown(value)} and must give true or false: compare it with something.`,
    )
  })
}

/** As many items as a map may have; each is a step in the log. */
const MOST_ITEMS = 10_000

/** The items of a map. */
export function resolveItems(run: Run, step: StepOf<"map">, blobs: Blobs): Resolved<readonly Json[]> {
  const texts: readonly Text[] = [{ place: ["over"], text: step.over, form: "expression" }]
  return inScope(run, { stepId: step.id, texts, blobs, item: null }, (scope) => {
    const value = evaluate(parseExpression(step.over), scope)
    if (!Array.isArray(value))
      throw new ExpressionError(`\`over\` gave ${shown(value)} and must give a list.`)
    if (value.length > MOST_ITEMS)
      throw new ExpressionError(
        `\`over\` gave ${value.length} items; a map takes ${MOST_ITEMS} at most: split it.`,
      )
    return value
  })
}

/** What the run gives when it is completed, where the definition says so. */
export const resolveOutputs = (
  run: Run,
  outputs: NonNullable<WorkflowDefinition["outputs"]>,
  { texts, blobs }: { readonly texts: readonly Text[]; readonly blobs: Blobs },
): Resolved<Json> =>
  inScope(run, { stepId: "outputs", texts, blobs, item: null }, (scope) => fillDeep(outputs, scope))

function inScope<Value>(
  run: Run,
  {
    stepId,
    texts,
    ...seen
  }: {
    readonly stepId: StepId
    readonly texts: readonly Text[]
    readonly blobs: Blobs
    readonly item: Item | null
  },
  read: (scope: Scope) => Value,
): Resolved<Value> {
  try {
    const scope = scopeFor(run, referencesIn(texts), seen)
    return scope.type === "load" ? scope : { type: "known", value: read(scope.value) }
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
    return { type: "wrong", error: wrong(stepId, error) }
  }
}

const wrong = (stepId: StepId, { message, missing }: ExpressionError): StepFailure => ({
  code: missing ? "missing_output" : "expression_failed",
  class: "validation",
  message: `Step \`${stepId}\`: ${message}`,
  hint: "Retry the step with another input, skip the step it looks at with an output, or mend the definition and fork the run.",
})

const unknownStep = (stepId: StepId): Resolved<never> => ({
  type: "wrong",
  error: wrong(stepId, new ExpressionError("There is no such step in the definition of this run.")),
})

/** With what a person said anew, and with the defaults of the workflow where it says nothing. */
function asTold({ defaults = {} }: WorkflowDefinition, body: Body, { input }: StepState): Body {
  const { agent, model, mode, workingDir } = defaults
  const base = body.kind === "agent" ? { agent, model, mode, workingDir } : { workingDir }
  return { ...dropUndefined(base), ...body, ...dropUndefined(input ?? {}) } as Body
}

const dropUndefined = (fields: object) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

function filled(body: Body, scope: Scope): Body {
  const { texts, values } = FILLED[body.kind]
  const fill = (name: string, value: Json): Json => {
    if (values.includes(name)) return fillDeep(value, scope)
    return texts.includes(name) && !isShellLine(body, name) ? fillAsText(value, scope) : value
  }
  const fields = Object.entries(body as Record<string, Json>).map(([name, value]) => [
    name,
    fill(name, value),
  ])
  return Object.fromEntries(fields) as Body
}

const isShellLine = (body: Body, field: string): boolean =>
  body.kind === "command" && field === "command" && typeof body.command === "string"

/** A text, a list of texts or texts by name. */
function fillAsText(value: Json, scope: Scope): Json {
  if (typeof value === "string") return fillText(value, scope)
  if (Array.isArray(value)) return value.map((element) => fillAsText(element, scope))
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, of]) => [key, fillAsText(of, scope)]))
  return value
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return "a list"
  return typeof value === "object" && value !== null ? "a mapping" : JSON.stringify(value)
}
