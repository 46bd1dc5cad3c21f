/** What a person may say anew of a step before it is tried again. */
import { z } from "zod"
import { PermissionMode } from "../event.ts"
import { WorkspaceRequest } from "../workspace-request.ts"

/** Each field stands for that of the definition, expressions in it included. What is no field of its kind is refused. */
export const StepInput = z.strictObject({
  prompt: z.string().min(1).optional(),
  agent: z.string().min(1).optional(),
  model: z.string().min(1).optional(),
  mode: PermissionMode.optional(),
  command: z.union([z.string().min(1), z.array(z.string()).min(1)]).optional(),
  env: z.record(z.string(), z.string()).optional(),
  question: z.string().min(1).optional(),
  inputs: z.record(z.string(), z.json()).optional(),
  value: z.json().optional(),
  workingDir: z.string().min(1).optional(),
  workspace: WorkspaceRequest.optional(),
})
export type StepInput = z.infer<typeof StepInput>
