import type { Decision } from "#streams/event"
import { defineCommand } from "../command.ts"
import { usage } from "../refusal.ts"
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
  },
  json: "print {requestId, decision} as JSON: the decision that stands",
  async run({ values, positionals: [id = "", request = ""], json, io, deps }) {
    const decision = decisionOf(values)
    return await withPlane(deps, async (plane) => {
      const sessionId = await whichSession(plane, id)
      const requestId = await whichRequest(plane, sessionId, request)
      const stands = await plane.approve({ sessionId, requestId, decision })
      const said = stands.decision.replace("_", " ")
      io.stdout.write(
        json
          ? `${JSON.stringify(stands)}\n`
          : stands.decision === decision
            ? `${stands.requestId}: ${said}\n`
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
