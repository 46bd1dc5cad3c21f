import { PermissionMode } from "#streams/event"
import { defineCommand } from "../command.ts"
import { usage } from "../refusal.ts"
import { whichSession } from "../which-session.ts"
import { withPlane } from "../with-plane.ts"

export const mode = defineCommand({
  name: "mode",
  summary: "says what a session must ask about",
  positionals: ["ID", "MODE"],
  flags: {},
  json: "print {sessionId, mode, warning?} as JSON",
  more: `
ask           every change and every command
accept_edits  commands, and what else is not an edit of a file
read_only     nothing: whatever would change something is refused
bypass        nothing: everything is done. Rules that refuse still hold

It counts at once, for what is being asked, too, and until it is set again.`,
  async run({ positionals: [id = "", given], json, io, deps }) {
    const wanted = PermissionMode.safeParse(given)
    if (!wanted.success)
      throw usage(`“${given}” is no mode: it is one of ${PermissionMode.options.join(", ")}.`)
    return await withPlane(deps, async (plane) => {
      const set = await plane.setMode({ sessionId: await whichSession(plane, id), mode: wanted.data })
      if (json) io.stdout.write(`${JSON.stringify(set)}\n`)
      else io.stdout.write(`${set.sessionId}: ${set.mode}\n`)
      if (!json && set.warning !== undefined) io.stderr.write(`Careful: ${set.warning}\n`)
      return 0
    })
  },
})
