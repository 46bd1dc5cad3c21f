import { defineCommand } from "../command.ts"
import { usage } from "../refusal.ts"
import { clean } from "../terminal.ts"
import { whichSession } from "../which-session.ts"
import { withPlane } from "../with-plane.ts"

export const rename = defineCommand({
  name: "rename",
  summary: "gives a session another title",
  positionals: ["ID", "TITLE..."],
  flags: {},
  json: "print {sessionId, title} as JSON",
  async run({ positionals: [id = "", ...words], json, io, deps }) {
    const title = words.join(" ").trim()
    if (title === "" || title.length > 200) throw usage("TITLE has 1 to 200 characters.")
    return await withPlane(deps, async (plane) => {
      const renamed = await plane.rename({ sessionId: await whichSession(plane, id), title })
      io.stdout.write(
        json
          ? `${JSON.stringify(renamed)}\n`
          : `${renamed.sessionId} is called “${clean(renamed.title)}” now.\n`,
      )
      return 0
    })
  },
})
