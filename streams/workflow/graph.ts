/** The graph of a definition: what needs what. Worked out once per definition, which is never changed. */
import type { Step, WorkflowDefinition } from "./definition.ts"
import { ExpressionError } from "./expression-error.ts"
import type { StepId } from "./step-id.ts"
import { itemTextsOf, referencesIn, type Text, textsOf } from "./texts.ts"

export interface Graph {
  readonly steps: ReadonlyMap<StepId, Step>
  /** Those of `needs`, and those that its expressions or its session name. */
  readonly needs: ReadonlyMap<StepId, ReadonlySet<StepId>>
  /** The other way round. */
  readonly neededBy: ReadonlyMap<StepId, ReadonlySet<StepId>>
}

const graphs = new WeakMap<WorkflowDefinition, Graph>()

export function graphOf(definition: WorkflowDefinition): Graph {
  const before = graphs.get(definition)
  if (before) return before
  const steps = new Map(definition.steps.map((step) => [step.id, step]))
  const needs = new Map(definition.steps.map((step) => [step.id, needsOf(step)]))
  const neededBy = new Map(definition.steps.map(({ id }) => [id, new Set<StepId>()]))
  for (const [id, needed] of needs) for (const one of needed) neededBy.get(one)?.add(id)
  const graph = { steps, needs, neededBy }
  graphs.set(definition, graph)
  return graph
}

function needsOf(step: Step): ReadonlySet<StepId> {
  const session = step.kind === "map" ? sessionOf(step.step) : sessionOf(step)
  const texts = step.kind === "map" ? [...textsOf(step), ...itemTextsOf(step)] : textsOf(step)
  return new Set([...(step.needs ?? []), ...session, ...texts.flatMap(stepsNamedIn)])
}

const sessionOf = (step: {
  readonly kind: string
  readonly session?: string | undefined
}): readonly StepId[] => (step.kind === "agent" && step.session !== undefined ? [step.session] : [])

/** A text that cannot be read names no step: `check.ts` has told of it. */
function stepsNamedIn(text: Text): readonly StepId[] {
  try {
    return referencesIn([text]).flatMap(({ root, path: [step] }) =>
      root === "steps" && typeof step === "string" ? [step] : [],
    )
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
    return []
  }
}

/** The steps and all that come after them, in the order of the definition. */
export function withDescendants(definition: WorkflowDefinition, ids: Iterable<StepId>): readonly StepId[] {
  const { neededBy } = graphOf(definition)
  return ordered(definition, reached(ids, neededBy))
}

/** All that must have ended before the step begins, itself left out. */
export function ancestorsOf(definition: WorkflowDefinition, id: StepId): ReadonlySet<StepId> {
  const { needs } = graphOf(definition)
  return reached(needs.get(id) ?? [], needs)
}

function reached(
  from: Iterable<StepId>,
  edges: ReadonlyMap<StepId, ReadonlySet<StepId>>,
): ReadonlySet<StepId> {
  const seen = new Set<StepId>()
  const open = [...from]
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue
    seen.add(id)
    open.push(...(edges.get(id) ?? []))
  }
  return seen
}

const ordered = ({ steps }: WorkflowDefinition, ids: ReadonlySet<StepId>): readonly StepId[] =>
  steps.map(({ id }) => id).filter((id) => ids.has(id))

/** Steps that need each other in a circle, the first one again at the end; `null` where there is none. */
export function cycleIn(definition: WorkflowDefinition): readonly StepId[] | null {
  const { needs } = graphOf(definition)
  const done = new Set<StepId>()
  for (const { id: first } of definition.steps) {
    // Depth first without recursion: a chain may be as long as there are steps.
    const path: StepId[] = []
    const open: { readonly id: StepId; readonly depth: number }[] = [{ id: first, depth: 0 }]
    for (let one = open.pop(); one !== undefined; one = open.pop()) {
      for (const left of path.splice(one.depth)) done.add(left)
      const begun = path.indexOf(one.id)
      if (begun >= 0) return [...path.slice(begun), one.id]
      if (done.has(one.id) || !needs.has(one.id)) continue
      path.push(one.id)
      for (const id of needs.get(one.id) ?? []) open.push({ id, depth: path.length })
    }
    for (const left of path) done.add(left)
  }
  return null
}
