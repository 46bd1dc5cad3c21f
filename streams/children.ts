/** How many sessions a session's agent may start, and down to which generation: 1 for children that have none. */
import { z } from "zod"

export const MOST_CHILDREN = 100
export const DEEPEST = 3

/** `most`: in all, children's children counted; 0: none. */
export const Children = z.strictObject({
  most: z.number().int().min(0).max(MOST_CHILDREN),
  depth: z.number().int().min(1).max(DEEPEST).default(1),
})
export type Children = z.infer<typeof Children>
