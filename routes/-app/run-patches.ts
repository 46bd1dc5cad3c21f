/** What changed between two states of a run's steps. The fold keeps the identity of a step that nothing touched. */
import type { StepState } from "#streams/workflow/run"
import type { StepId } from "#streams/workflow/step-id"

export type Steps = ReadonlyMap<StepId, StepState>

export interface StepsPatch {
  /** The whole order, where it is another one. */
  readonly order: readonly StepId[] | null
  /** New and changed ones. */
  readonly put: readonly StepState[]
}

/** The patch that {@link applySteps} needs to turn `from` into `to`. */
export function diffSteps(from: Steps, to: Steps): StepsPatch {
  const before = [...from.keys()]
  const order = [...to.keys()]
  const sameOrder = before.length === order.length && before.every((id, index) => id === order[index])
  return {
    order: sameOrder ? null : order,
    put: [...to.values()].filter((step) => from.get(step.stepId) !== step),
  }
}

/** Untouched steps keep their identity; an empty patch gives back the same steps. */
export function applySteps(steps: Steps, { order, put }: StepsPatch): Steps {
  if (order === null && put.length === 0) return steps
  const next = new Map(steps)
  for (const step of put) next.set(step.stepId, step)
  if (order === null) return next
  return new Map(
    order.flatMap((id) => {
      const step = next.get(id)
      return step === undefined ? [] : [[id, step] as const]
    }),
  )
}
