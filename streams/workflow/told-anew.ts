/** A step with what a person says anew of it. */
import type { z } from "zod"
import { type Refusal, refuse } from "./refusal.ts"
import type { StepId } from "./step-id.ts"
import type { StepInput } from "./step-input.ts"

/** As the schema takes it, or why it does not. */
export function toldAnew<Body extends { readonly kind: string }>(
  schema: z.ZodType<Body>,
  body: { readonly kind: string },
  { stepId, input }: { readonly stepId: StepId; readonly input: StepInput },
): Body | Refusal {
  const parsed = schema.safeParse({ ...body, ...input })
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const what =
    issue?.code === "unrecognized_keys" ? `${issue.keys.join(", ")} is no field of it` : issue?.message
  return inputRefused(`Step ${stepId} is of kind ${body.kind}: ${what}.`)
}

export const inputRefused = (message: string): Refusal =>
  refuse("input_refused", message, "Give fields that such a step has.")
