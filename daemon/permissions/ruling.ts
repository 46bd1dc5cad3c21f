/** Whether a call needs a person: what the mode and the rules say. Pure. */
import type { PermissionMode, ToolKind } from "#streams/event"
import type { RuleId } from "#streams/ids"
import { describeMatch, type Rule, type RuledCall, type RulePlace, ruleFor } from "#streams/rule"

export interface Ruling {
  readonly decision: "allow" | "deny"
  readonly by: "rule" | "mode"
  /** For readers: which rule, which mode. */
  readonly reason: string
  readonly ruleId?: RuleId
}

/** Kinds that leave everything as it is. */
const LOOKS: ReadonlySet<ToolKind> = new Set(["read", "search", "think"])

/**
 * `null`: ask. A rule that refuses goes first, then a mode that refuses; only then does anything allow. So neither
 * a rule nor `bypass` opens what was closed. A note of the agent's own touches nothing, so that only a rule refuses it.
 */
export function rulingOn(
  call: RuledCall,
  {
    mode,
    rules,
    place,
    isNote = false,
  }: {
    readonly mode: PermissionMode
    readonly rules: Iterable<Rule>
    readonly place: RulePlace
    readonly isNote?: boolean
  },
): Ruling | null {
  const rule = ruleFor(rules, call, place)
  if (rule?.decision === "deny") return byRule(rule)
  if (isNote) return { decision: "allow", by: "mode", reason: "a note of its own" }
  if (mode === "read_only") return byMode(mode, LOOKS.has(call.kind) ? "allow" : "deny")
  if (rule) return byRule(rule)
  if (mode === "bypass" || (mode === "accept_edits" && call.kind === "edit")) return byMode(mode, "allow")
  return null
}

const byMode = (mode: PermissionMode, decision: Ruling["decision"]): Ruling => ({
  decision,
  by: "mode",
  reason: `mode ${mode.replace("_", " ")}`,
})

const byRule = ({ ruleId, decision, kind, match }: Rule): Ruling => ({
  decision,
  by: "rule",
  reason: `rule: ${decision === "allow" ? "may" : "may not"} ${describeMatch(kind, match)}`,
  ruleId,
})
