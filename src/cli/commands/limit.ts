import { LIMIT_WORDS, limitsInWords } from "#streams/session-limits"
import { defineCommand } from "../command.ts"
import { limitWords } from "../limit-words.ts"
import { whichSession } from "../which-session.ts"
import { withPlane } from "../with-plane.ts"

export const limit = defineCommand({
  name: "limit",
  summary: "shows or changes what a session may use",
  positionals: ["ID", "[NAME=VALUE...]"],
  flags: {},
  json: "print {sessionId, limits} as JSON",
  more: `
${Object.entries(LIMIT_WORDS)
  .map(([name, { example }]) => `${name}=${example}`)
  .join(" ")}; NAME=none lifts one.
A change holds at once, for the turn that runs as well. A turn that ran into a limit is taken up by \`agentz resume\`.`,
  async run({ positionals: [id = "", ...words], json, io, deps }) {
    const change = words.length === 0 ? null : limitWords(words.join(","))
    return await withPlane(deps, async (plane) => {
      const sessionId = await whichSession(plane, id)
      const { limits } =
        change === null
          ? (await plane.getSession({ sessionId, tail: 1 })).session
          : await plane.setLimits({ sessionId, limits: change })
      io.stdout.write(
        json
          ? `${JSON.stringify({ sessionId, limits })}\n`
          : `${sessionId} ${limitsInWords(limits) || "has no limits"}\n`,
      )
      return 0
    })
  },
})
