/**
 * What is asked of a run, in the imperative. Commands wait in its inbox; the worker that holds the claim takes them in
 * order, and answers each with an event that has its `commandId`: a repeat is known by it.
 */
import { z } from "zod"
import { CommandId } from "../ids.ts"
import { Budget, ReadJson } from "./definition.ts"
import { StepId } from "./step-id.ts"
import { StepInput } from "./step-input.ts"

const command = <Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) =>
  z.object({ type: z.literal(type), commandId: CommandId, at: z.string(), ...shape })

export const RunCommand = z.discriminatedUnion("type", [
  /** Goes on with a run that is paused or has failed: steps that failed are tried again. */
  command("resume", {}),
  /** Does the step and all that comes after it again. */
  command("resume_from", { stepId: StepId }),
  /** Tries a failed step again, perhaps with something said anew. */
  command("retry_step", { stepId: StepId, input: StepInput.optional() }),
  /** Goes on without the step. Without an output, whoever needs one fails. */
  command("skip_step", { stepId: StepId, output: ReadJson.optional() }),
  /** Nothing new starts; what runs is let finish, or ended and done again later. */
  command("pause", { interrupt: z.boolean().optional() }),
  command("cancel", { reason: z.string().optional() }),
  command("signal", { name: z.string().min(1), payload: ReadJson.optional() }),
  /** The first answer stands. */
  command("approval_answer", {
    stepId: StepId,
    /** The attempt that asks. */
    generation: z.number().int().nonnegative(),
    attempt: z.number().int().positive(),
    choice: z.string(),
    note: z.string().optional(),
  }),
  /** All of it, from now on. */
  command("set_budget", { budget: Budget }),
])
export type RunCommand = z.infer<typeof RunCommand>
export type RunCommandOf<Type extends RunCommand["type"]> = Extract<RunCommand, { type: Type }>

/** Reads one command. `null` when its type is not known here or its shape is off. */
export function parseRunCommand(value: unknown): RunCommand | null {
  const parsed = RunCommand.safeParse(value)
  return parsed.success ? parsed.data : null
}
