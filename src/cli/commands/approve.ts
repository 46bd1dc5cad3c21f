import { resolve } from "node:path"
import { wordsOfCommand } from "#streams/command-line"
import type { Decision, ToolKind } from "#streams/event"
import { type RuleMatch, RuleScope } from "#streams/rule"
import { defineCommand } from "../command.ts"
import { usage } from "../refusal.ts"
import { oneLine } from "../terminal.ts"
import { whichRequest, whichSession } from "../which-session.ts"
import { withPlane } from "../with-plane.ts"

export const approve = defineCommand({
  name: "approve",
  summary: "answers a question of a session",
  positionals: ["ID", "REQUEST"],
  flags: {
    allow: { type: "boolean", help: "yes, this once" },
    always: { type: "boolean", help: "yes, and do not ask again for the like" },
    deny: { type: "boolean", help: "no" },
    note: { type: "string", value: "TEXT", help: "with --deny: what the agent should do instead" },
    scope: { type: "string", value: "S", help: "for good in this `session` (default) or `directory`" },
    for: { type: "string", value: "WHAT", help: "for good for: first words, a path, `this` or `all`" },
    option: { type: "string", value: "ID", help: "one of the agent's own options" },
  },
  json: "print {requestId, decision, rule?} as JSON: the decision that stands",
  more: `
--always, or --deny with --scope or --for, makes a rule: \`agentz rules\` shows it, \`agentz rules revoke\` ends it.
--for counts for commands that begin with these words ("git status"), or for files under this path (src/), or for
exactly this call (this), or for everything of its kind (all). Without it: the like of this call, narrowly.`,
  async run({ values, positionals: [id = "", request = ""], json, io, deps }) {
    const decision = decisionOf(values)
    const scope = scopeOf(values.scope)
    if (values.note !== undefined && decision !== "deny") throw usage("--note goes with --deny.")
    const forGood = scope !== undefined || values.for !== undefined
    if (forGood && decision === "allow")
      throw usage("--scope and --for say for how much an answer counts for good: use --always or --deny.")
    return await withPlane(deps, async (plane) => {
      const sessionId = await whichSession(plane, id)
      const requestId = await whichRequest(plane, sessionId, request)
      const { session } = await plane.getSession({ sessionId, tail: 1 })
      const asked = session.approvals.find((open) => open.requestId === requestId)
      const match =
        asked && values.for !== undefined ? matchOf(values.for, asked, session.workingDir ?? "/") : undefined
      const stands = await plane.approve({
        sessionId,
        requestId,
        decision,
        ...(values.note !== undefined && { note: values.note }),
        ...(values.option !== undefined && { optionId: values.option }),
        ...(scope !== undefined && { scope }),
        ...(match !== undefined && { match }),
      })
      const said = stands.decision.replace("_", " ")
      const rule = stands.rule
        ? `Rule ${stands.rule.ruleId}: ${oneLine(stands.rule.description)}\n  agentz rules revoke ${stands.rule.ruleId}\n`
        : ""
      io.stdout.write(
        json
          ? `${JSON.stringify(stands)}\n`
          : stands.decision === decision
            ? `${stands.requestId}: ${said}\n${rule}`
            : `${stands.requestId} was answered before: ${said}. That stands.\n`,
      )
      return 0
    })
  },
})

function decisionOf(values: {
  readonly allow?: boolean
  readonly always?: boolean
  readonly deny?: boolean
}): Decision {
  const given: readonly (Decision | false)[] = [
    values.allow === true && "allow",
    values.always === true && "allow_always",
    values.deny === true && "deny",
  ]
  const [decision, ...others] = given.filter((one) => one !== false)
  if (decision === undefined || others.length > 0)
    throw usage("Say exactly one of --allow, --always and --deny.")
  return decision
}

function scopeOf(given: string | undefined): RuleScope | undefined {
  const scope = RuleScope.optional().safeParse(given)
  if (!scope.success) throw usage(`--scope is “${given}”: it is one of ${RuleScope.options.join(", ")}.`)
  return scope.data
}

/** What a person's words after `--for` mean for a call of this kind. */
function matchOf(
  given: string,
  {
    kind,
    title,
    touches,
  }: { readonly kind: ToolKind; readonly title: string; readonly touches?: { hash: string } | undefined },
  workingDir: string,
): RuleMatch {
  if (given === "all") return { type: "any" }
  if (given === "this") return { type: "call", hash: touches?.hash ?? "", shown: title }
  if (kind !== "execute") return { type: "path", prefix: resolve(workingDir, given) }
  const words = wordsOfCommand(given)
  if (words === null)
    throw usage(`--for is “${given}”: give the first words of one plain command, such as "git status".`)
  return { type: "command", words: [...words] }
}
