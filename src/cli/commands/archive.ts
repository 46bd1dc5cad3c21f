import { defineCommand } from "../command.ts"
import { whichSession } from "../which-session.ts"
import { withPlane } from "../with-plane.ts"

export const archive = defineCommand({
  name: "archive",
  summary: "keeps a session's transcript in compact form",
  positionals: ["ID"],
  flags: {},
  json: "print {sessionId, archivedAt} as JSON",
  more: "Whole messages stay, the pieces they came in go. A message to the session brings it back by itself.",
  async run({ positionals: [id = ""], json, io, deps }) {
    return await withPlane(deps, async (plane) => {
      const archived = await plane.archive(await whichSession(plane, id))
      io.stdout.write(
        json
          ? `${JSON.stringify(archived)}\n`
          : `${archived.sessionId} is archived: \`agentz show\` still tells it.\n`,
      )
      return 0
    })
  },
})

export const unarchive = defineCommand({
  name: "unarchive",
  summary: "brings an archived session back",
  positionals: ["ID"],
  flags: {},
  json: "print {sessionId} as JSON",
  async run({ positionals: [id = ""], json, io, deps }) {
    return await withPlane(deps, async (plane) => {
      const back = await plane.unarchive(await whichSession(plane, id))
      io.stdout.write(json ? `${JSON.stringify(back)}\n` : `${back.sessionId} can go on.\n`)
      return 0
    })
  },
})
