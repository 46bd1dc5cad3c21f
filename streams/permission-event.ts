/** What an agent may do: questions, answers, and calls that needed no question. */
import { z } from "zod"
import { RequestId, RuleId } from "./ids.ts"
import { event, Turn } from "./stamp.ts"
import { ToolContent, ToolKind } from "./tool-event.ts"

export const Decision = z.enum(["allow", "allow_always", "deny"])
export type Decision = z.infer<typeof Decision>

export const AnsweredBy = z.enum(["user", "rule", "mode", "daemon"])
export type AnsweredBy = z.infer<typeof AnsweredBy>

/** What a call would touch, as far as that is certain. Rules are matched against it. */
export const Touches = z.object({
  /** The words of a command that is one plain program call. */
  words: z.array(z.string()).optional(),
  /** Every file it names, absolute and with links resolved. */
  paths: z.array(z.string()).optional(),
  /** Of the kind and the arguments: names this very call. */
  hash: z.string(),
  /** Of the agents' configuration in the project. */
  configHash: z.string().optional(),
})
export type Touches = z.infer<typeof Touches>

const Request = {
  requestId: RequestId,
  toolCallId: z.string(),
  title: z.string(),
  kind: ToolKind,
  input: z.unknown().optional(),
  /** SHA-256 of agent, kind and canonical input: an answer is good for exactly this call. */
  inputHash: z.string(),
  content: z.array(ToolContent),
  /** What may be answered. */
  decisions: z.array(Decision),
  touches: Touches.optional(),
  /** The agent knows no other refusal than to stop: denying ends the turn. */
  denyEndsTurn: z.boolean().optional(),
  /** The agent's own options, where they say more than our answers. */
  options: z
    .array(z.object({ optionId: z.string(), name: z.string(), decision: z.enum(["allow", "deny"]) }))
    .optional(),
}

export const PermissionRequest = event("permission_request", { ...Turn, ...Request })

export const PermissionResolved = event("permission_resolved", {
  requestId: RequestId,
  decision: z.enum([...Decision.options, "cancelled"]),
  /** `false`: the agent was gone or did not ask again, so it never heard the answer. */
  delivered: z.boolean(),
  /** Who answered. `daemon`: nobody did, and the question is void. */
  by: AnsweredBy,
  reason: z.string().optional(),
  /** What was told to the agent along with a refusal. */
  note: z.string().optional(),
  ruleId: RuleId.optional(),
})

/** A call that needed no question: a rule or the mode answered it. `reason` says which, for readers. */
export const PermissionRuled = event("permission_ruled", {
  ...Turn,
  toolCallId: z.string(),
  title: z.string(),
  kind: ToolKind,
  decision: z.enum(["allow", "deny"]),
  by: z.enum(["rule", "mode"]),
  reason: z.string(),
  ruleId: RuleId.optional(),
})
