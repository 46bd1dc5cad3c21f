import { defineCommand } from "../command.ts"
import { whichSession } from "../which-session.ts"
import { withPlane } from "../with-plane.ts"

export const cancel = defineCommand({
  name: "cancel",
  summary: "stops the turn of a session and every process of it",
  positionals: ["ID"],
  flags: {},
  json: "print {sessionId, status} as JSON",
  async run({ positionals: [id = ""], json, io, deps }) {
    return await withPlane(deps, async (plane) => {
      const cancelled = await plane.cancel(await whichSession(plane, id))
      io.stdout.write(
        json ? `${JSON.stringify(cancelled)}\n` : `${cancelled.sessionId} is ${cancelled.status}.\n`,
      )
      return 0
    })
  },
})
