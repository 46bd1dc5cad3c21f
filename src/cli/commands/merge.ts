import { MergeHow, type MergePreview } from "../../workspaces/bringing.ts"
import { confirmed } from "../ask.ts"
import { defineCommand } from "../command.ts"
import { fileSheet } from "../file-sheet.ts"
import { usage } from "../refusal.ts"
import { oneLine, type Paint, painter } from "../terminal.ts"
import { whichSession } from "../which-session.ts"
import { withPlane } from "../with-plane.ts"

export const merge = defineCommand({
  name: "merge",
  summary: "brings the commits of a session's work tree into a branch",
  positionals: ["ID"],
  flags: {
    into: { type: "string", value: "BRANCH", help: "this one (what is checked out in your own directory)" },
    how: { type: "string", value: "HOW", help: "merge, squash into one commit, or rebase (merge)" },
    message: { type: "string", short: "m", value: "TEXT", help: "of the commit that is made for it" },
    "hand-over": { type: "boolean", help: "where both changed the same: ask the agent to settle it" },
    "dry-run": { type: "boolean", help: "only tell what would come of it" },
    yes: { type: "boolean", short: "y", help: "do not ask" },
  },
  json: "print {into, commit, files} as JSON; with --dry-run {branch, into, how, uncommitted, commits, files, conflicts, refused, request}",
  more: `
Conflicts are found before anything is moved. The branch goes on, and with it the files of the directory in which it is
checked out, if nothing in there is changed and not committed. The session goes on from what came of it.`,
  async run({ values, positionals: [id = ""], json, io, deps }) {
    const how = MergeHow.safeParse(values.how ?? "merge")
    if (!how.success) throw usage(`--how is “${values.how}”: give merge, squash or rebase.`)
    const { into, message } = values
    const looks = values["dry-run"] === true
    const asks = !looks && values.yes !== true
    if (asks && (json || io.stdin.isTTY !== true))
      throw usage("That moves a branch: add --yes, or --dry-run to only look.")
    return await withPlane(deps, async (plane) => {
      const sessionId = await whichSession(plane, id)
      const request = { sessionId, into, how: how.data }
      const preview = await plane.mergePreview(request)
      if (values["hand-over"] === true && preview.request !== null) {
        const sent = await plane.sendMessage({ sessionId, text: preview.request })
        io.stdout.write(json ? `${JSON.stringify(sent)}\n` : "The agent was asked to settle it.\n")
        return 0
      }
      if (!json) io.stdout.write(sheetOf(preview, painter(io.stdout, io)))
      if (looks) {
        if (json) io.stdout.write(`${JSON.stringify(preview)}\n`)
        return 0
      }
      if (asks && preview.refused === null && !(await confirmed(io, `Bring it into ${preview.into}?`)))
        return 1
      const done = await plane.merge({ ...request, message })
      if (json) io.stdout.write(`${JSON.stringify(done)}\n`)
      else io.stdout.write(`${oneLine(done.into)} is at ${done.commit.slice(0, 12)}.\n`)
      return 0
    })
  },
})

function sheetOf({ commits, files, conflicts, refused }: MergePreview, paint: Paint): string {
  return [
    ...commits.map(({ commit, subject }) => `${commit.slice(0, 12)} ${oneLine(subject)}\n`),
    fileSheet(files, paint),
    ...conflicts.map((path) => `${paint("red", "both changed")} ${oneLine(path)}\n`),
    refused === null ? "" : `It would be refused: ${oneLine(refused.message)}\n`,
  ].join("")
}
