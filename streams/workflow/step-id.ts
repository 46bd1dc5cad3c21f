/** Steps as the log of a run names them: `review`, and `review/3` for the item of a map with that place, from 0. */
import { z } from "zod"

export const StepId = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_]{0,39}(\/\d{1,5})?$/, "must be the id of a step, or ID/N for an item of a map")
export type StepId = z.infer<typeof StepId>

export const itemId = (stepId: StepId, index: number): StepId => `${stepId}/${index}`

/** The step in the definition, and the item's place where it is one of a map. */
export function placeOf(stepId: StepId): { readonly id: StepId; readonly index: number | null } {
  const slash = stepId.indexOf("/")
  return slash < 0
    ? { id: stepId, index: null }
    : { id: stepId.slice(0, slash), index: Number(stepId.slice(slash + 1)) }
}
