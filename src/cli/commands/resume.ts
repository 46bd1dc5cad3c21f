import { defineCommand } from "../command.ts"
import { whichSession } from "../which-session.ts"
import { withPlane } from "../with-plane.ts"

export const resume = defineCommand({
  name: "resume",
  summary: "takes up a session that was interrupted",
  positionals: ["ID"],
  flags: {},
  json: "print {sessionId, epoch} as JSON",
  async run({ positionals: [id = ""], json, io, deps }) {
    return await withPlane(deps, async (plane) => {
      const resumed = await plane.resume(await whichSession(plane, id))
      io.stdout.write(
        json
          ? `${JSON.stringify(resumed)}\n`
          : `${resumed.sessionId} goes on (epoch ${resumed.epoch}). Follow it: agentz tail ${resumed.sessionId}\n`,
      )
      return 0
    })
  },
})
