import type { RuleId } from "#streams/ids"
import type { ControlPlane, DescribedRule } from "../../plane.ts"
import { Problem } from "../../problem.ts"
import { defineCommand } from "../command.ts"
import { Refusal, usage } from "../refusal.ts"
import { oneLine, painter } from "../terminal.ts"
import { withPlane } from "../with-plane.ts"

export const rules = defineCommand({
  name: "rules",
  summary: "shows what was allowed or refused for good, and revokes it",
  positionals: ["[revoke]", "[RULE...]"],
  flags: {},
  json: "print {rules}, or with `revoke` {revoked: [ruleId]}, as JSON",
  more: `
agentz rules                 all rules, oldest first
agentz rules revoke RULE...  ends them, in living sessions too

A rule is made by an answer: agentz approve ID REQUEST --always`,
  async run({ positionals: [verb, ...ids], json, io, deps }) {
    if (verb !== undefined && verb !== "revoke")
      throw usage(`“${verb}” is not something to do with rules: agentz rules [revoke RULE...]`)
    if (verb === "revoke" && ids.length === 0) throw usage("RULE is missing: agentz rules revoke RULE...")
    return await withPlane(deps, async (plane) => {
      const { rules: all } = await plane.rules()
      if (verb === undefined) {
        io.stdout.write(json ? `${JSON.stringify({ rules: all })}\n` : sheet(all, painter(io.stdout, io)))
        return 0
      }
      const wanted = ids.map((id) => whichRule(all, id))
      for (const ruleId of wanted) await revoke(plane, ruleId)
      io.stdout.write(
        json
          ? `${JSON.stringify({ revoked: wanted })}\n`
          : wanted.map((ruleId) => `${ruleId} is revoked.\n`).join(""),
      )
      return 0
    })
  },
})

const sheet = (all: readonly DescribedRule[], paint: ReturnType<typeof painter>): string =>
  all.length === 0
    ? "No rules: every question is asked each time, as the session's mode says.\n"
    : all
        .map(
          ({ ruleId, decision, description, createdAt }) =>
            `${ruleId}  ${paint(decision === "allow" ? "green" : "red", decision.padEnd(5))}  ${oneLine(description)}  ${paint("dim", createdAt.slice(0, 10))}\n`,
        )
        .join("")

/** One that is gone already is what was wanted. */
async function revoke(plane: ControlPlane, ruleId: RuleId): Promise<void> {
  try {
    await plane.revokeRule(ruleId)
  } catch (error) {
    if (!(error instanceof Problem) || error.reason !== "unknown_rule") throw error
  }
}

function whichRule(all: readonly DescribedRule[], given: string): RuleId {
  const found = all
    .map(({ ruleId }) => ruleId)
    .filter((id) => id === given || id.startsWith(given) || id.startsWith(`rul_${given}`))
  const [only, ...others] = found
  if (only !== undefined && others.length === 0) return only
  if (only !== undefined)
    throw new Refusal("ambiguous_id", `“${given}” may mean ${found.join(", ")}: type more letters.`)
  throw new Problem("unknown_rule", `There is no rule “${given}”: \`agentz rules\` shows those there are.`)
}
