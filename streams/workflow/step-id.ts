/** Steps as the log of a run names them: `review`, and `review/3` for the item of a map with that place, from 0. */
import { z } from "zod"

export const StepId = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_]{0,39}(\/\d{1,5})?$/, "must be the id of a step, or ID/N for an item of a map")
export type StepId = z.infer<typeof StepId>

export const itemId = (stepId: StepId, index: number): StepId => `${stepId}/${index}`

export { placeOf } from "./step-place.ts"
