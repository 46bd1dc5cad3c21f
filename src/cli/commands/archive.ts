import type { GivenBack } from "../../workspaces/giving-back.ts"
import { defineCommand } from "../command.ts"
import { bytesIn, oneLine } from "../terminal.ts"
import { whichSession } from "../which-session.ts"
import { withPlane } from "../with-plane.ts"

export const archive = defineCommand({
  name: "archive",
  summary: "keeps a session's transcript in compact form",
  positionals: ["ID"],
  flags: {},
  json: "print {sessionId, archivedAt, workTree?: {given, bytes?, why?}} as JSON",
  more: `
Whole messages stay, the pieces they came in go. A message to the session brings it back by itself. A work tree of its own is
given back if its branch and a checkpoint have all that is in it, and is made again then.`,
  async run({ positionals: [id = ""], json, io, deps }) {
    return await withPlane(deps, async (plane) => {
      const archived = await plane.archive(await whichSession(plane, id))
      io.stdout.write(
        json
          ? `${JSON.stringify(archived)}\n`
          : `${archived.sessionId} is archived: \`agentz show\` still tells it.\n${workTreeLine(archived.workTree)}`,
      )
      return 0
    })
  },
})

function workTreeLine(back: GivenBack | undefined): string {
  if (back === undefined) return ""
  return back.given
    ? `Its work tree is given back, ${bytesIn(back.bytes)}; branch and checkpoints stay.\n`
    : `Its work tree stays: ${oneLine(back.why ?? "")}.\n`
}

export const unarchive = defineCommand({
  name: "unarchive",
  summary: "brings an archived session back",
  positionals: ["ID"],
  flags: {},
  json: "print {sessionId, workTree?: {checkpoint} or {why}} as JSON",
  async run({ positionals: [id = ""], json, io, deps }) {
    return await withPlane(deps, async (plane) => {
      const back = await plane.unarchive(await whichSession(plane, id))
      const { workTree } = back
      const trouble =
        workTree && "why" in workTree ? ` Its work tree is not there: ${oneLine(workTree.why)}` : ""
      io.stdout.write(json ? `${JSON.stringify(back)}\n` : `${back.sessionId} can go on.${trouble}\n`)
      return 0
    })
  },
})
