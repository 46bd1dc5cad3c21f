/** What every event carries, and the failure that many of them name. */
import { z } from "zod"
import { TurnId } from "./ids.ts"

/** On every event: who wrote it, in which order, when. */
export const Stamp = z.object({
  id: z.string(),
  /** Counts from 0 without a gap through all epochs of a session. */
  seq: z.number().int().nonnegative(),
  /** Of the writer. A lower epoch is not believed after a higher one spoke. */
  epoch: z.number().int().positive(),
  /** ISO 8601, by the writer's clock. For display only: order is `seq`. */
  at: z.string(),
})
export type Stamp = z.infer<typeof Stamp>

/** A failure fit to show a person: a stable slug, one sentence, and what to do about it. */
export const Failure = z.object({ code: z.string(), message: z.string(), hint: z.string().optional() })
export type Failure = z.infer<typeof Failure>

export const event = <Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) =>
  z.object({ type: z.literal(type), ...Stamp.shape, ...shape })

/** On every event of a turn. */
export const Turn = { turnId: TurnId }
