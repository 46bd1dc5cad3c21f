/** Answers to questions, and what they allow or refuse for good. */
import type { RequestId, SessionId } from "#streams/ids"
import { ruleIdOf } from "#streams/ids"
import { paths } from "#streams/paths"
import type { RegistryEntry } from "#streams/registry"
import {
  covers,
  describeMatch,
  describeRule,
  foldRules,
  likeOf,
  type Rule,
  type RuleMatch,
  type Rules,
  ruleChange,
  ruleRevoked,
} from "#streams/rule"
import type { Item, PermissionRequest, Session } from "#streams/session"
import { appendTo, readToTail } from "#streams/stream"
import type { ApproveRequest, ControlPlane } from "../plane.ts"
import type { PlaneContext } from "../plane-context.ts"
import { Problem } from "../problem.ts"
import { guarded } from "./guarded.ts"
import type { Reach } from "./reach.ts"

export function approving(
  { endpoint, folds, patience }: PlaneContext,
  reach: Reach,
): Pick<ControlPlane, "approve" | "rules" | "revokeRule"> {
  const firstAnswer = async (sessionId: SessionId, requestId: RequestId) => {
    const { commands } = await reach.inboxOf(sessionId)
    const first = commands.find((one) => one.type === "permission_response" && one.requestId === requestId)
    return first?.type === "permission_response" ? first : null
  }

  async function rulesNow(): Promise<Rules> {
    let rules: Rules = new Map()
    for await (const { items } of readToTail(endpoint, paths.rules, patience)) rules = foldRules(rules, items)
    return rules
  }

  return {
    approve: (asked) =>
      guarded(async () => {
        const { sessionId, requestId, decision, note, optionId } = asked
        const entry = await reach.entryOf(sessionId)
        const { value: session } = await folds.session(sessionId)
        const request = session.approvals.find((open) => open.requestId === requestId)
        const rule = request ? await ruleAskedFor(asked, request, entry) : null
        if (!request) {
          const settled = session.items.find((item) => item.type === "permission" && item.key === requestId)
          return settledAnswer(asked, settled)
        }
        if (optionId !== undefined) checkOption(request, asked)
        if ((await firstAnswer(sessionId, requestId)) === null)
          await reach.ask(sessionId, {
            type: "permission_response",
            requestId,
            decision,
            ...(note !== undefined && { note }),
            ...(optionId !== undefined && { optionId }),
          })
        const stands = (await firstAnswer(sessionId, requestId))?.decision ?? decision
        // The rule is made of the answer that stands, and of no other.
        const made = rule !== null && stands === decision ? rule : null
        if (made) await appendTo(endpoint, paths.rules, [ruleChange(made)], patience)
        const settled = ({ approvals }: Session) => approvals.every((open) => open.requestId !== requestId)
        reach.wake(entry, { resume: true, until: settled })
        return { requestId, decision: stands, ...(made && { rule: described(made) }) }
      }),

    rules: () => guarded(async () => ({ rules: [...(await rulesNow()).values()].map(described) })),

    revokeRule: (ruleId) =>
      guarded(async () => {
        const rule = (await rulesNow()).get(ruleId)
        if (!rule)
          throw new Problem(
            "unknown_rule",
            `There is no rule ${ruleId}: \`agentz rules\` shows those there are.`,
          )
        await appendTo(endpoint, paths.rules, [ruleRevoked(ruleId)], patience)
        return { ruleId, revoked: true as const }
      }),
  }
}

const described = (rule: Rule) => ({ ...rule, description: describeRule(rule) })

/** `null` where the answer is for this once. Throws where a rule was asked for that cannot be, or says another thing. */
async function ruleAskedFor(
  { sessionId, requestId, decision, scope, match: wanted, optionId }: ApproveRequest,
  request: PermissionRequest,
  entry: RegistryEntry,
): Promise<Rule | null> {
  const forGood = decision === "allow_always" || scope !== undefined || wanted !== undefined
  if (!forGood) return null
  if (decision === "allow")
    throw new Problem(
      "rule_refused",
      "“allow” is for this once: answer with “allow_always”, or leave out for what it should count.",
    )
  const { kind, touches, title } = request
  if (touches === undefined || optionId !== undefined) {
    if (scope === undefined && wanted === undefined) return null
    throw new Problem("rule_refused", "No rule can be made of this question: answer it for this once.")
  }
  const { agentType, workingDir } = entry
  const match = wanted ?? likeOf({ kind, touches }, { workingDir, shown: title })
  if (!covers(match, { kind, touches })) throw doesNotCover(request, match)
  return {
    ruleId: await ruleIdOf(sessionId, requestId),
    scope: scope ?? "session",
    sessionId,
    workingDir,
    agentType,
    kind,
    match,
    decision: decision === "deny" ? "deny" : "allow",
    // What other tools do may hang on how the project configures its agents.
    ...(kind === "other" && touches.configHash !== undefined && { configHash: touches.configHash }),
    createdAt: new Date().toISOString(),
  }
}

function doesNotCover({ kind, touches, title }: PermissionRequest, match: RuleMatch): Problem {
  const why =
    match.type === "command" && touches?.words === undefined
      ? "it is not one plain command, so only exactly this one can be allowed"
      : `a rule to ${describeMatch(kind, match)} does not speak of it`
  return new Problem("rule_refused", `“${title}”: ${why}. Say something else, or leave it out.`)
}

function checkOption({ options = [] }: PermissionRequest, { optionId, decision }: ApproveRequest): void {
  const option = options.find((one) => one.optionId === optionId)
  const meant = decision === "deny" ? "deny" : "allow"
  if (option?.decision === meant) return
  const there = options.filter((one) => one.decision === meant).map((one) => `${one.optionId} (${one.name})`)
  throw new Problem(
    "unknown_option",
    `The agent offers no option “${optionId}” for that answer: ${there.join(", ") || "leave it out"}.`,
  )
}

function settledAnswer({ requestId, decision }: ApproveRequest, settled: Item | undefined) {
  if (settled?.type !== "permission")
    throw new Problem(
      "unknown_request",
      `There is no request ${requestId} in this session: \`agentz show\` lists those that wait.`,
    )
  if (settled.decision === decision) return { requestId, decision }
  throw new Problem(
    "request_settled",
    `Request ${requestId} was settled before (${settled.decision ?? "cancelled"}); the first answer stands.`,
  )
}
