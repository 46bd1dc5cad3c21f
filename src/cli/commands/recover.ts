import type { RecoveredSession } from "../../workspaces/recovering.ts"
import { defineCommand } from "../command.ts"
import { oneLine } from "../terminal.ts"
import { whichSession } from "../which-session.ts"
import { withPlane } from "../with-plane.ts"

export const recover = defineCommand({
  name: "recover",
  summary: "makes again what sessions work in and is gone from this disk",
  positionals: ["[ID...]"],
  flags: { "dry-run": { type: "boolean", help: "only tell which, and where they would come from" } },
  json: "print {dryRun, sessions: [{sessionId, title, outcome, path, from, url, branch, checkpoint, gone, error}]} as JSON",
  more: `
From the repository where that is still here, else from the remote that the session was pushed to: the repository is cloned,
the branch checked out, and the files put back as they were at the last checkpoint that was pushed. So is your own directory,
where its checkpoints were pushed. What is there is not touched. Then \`agentz resume\` goes on. \`agentz up\` does it by itself for sessions that were pushed.`,
  async run({ values, positionals, json, io, deps }) {
    return await withPlane(deps, async (plane) => {
      const sessionIds = await Promise.all(positionals.map((id) => whichSession(plane, id)))
      const dryRun = values["dry-run"] === true
      const done = await plane.recover({ dryRun, ...(sessionIds.length > 0 && { sessionIds }) })
      if (json) io.stdout.write(`${JSON.stringify(done)}\n`)
      else if (done.sessions.length === 0) io.stdout.write("Nothing is gone.\n")
      else io.stdout.write(done.sessions.map(lineOf).join(""))
      return done.sessions.some(({ outcome }) => outcome === "lost") ? 1 : 0
    })
  },
})

function lineOf(session: RecoveredSession): string {
  const { sessionId, title, error } = session
  const hint = error?.hint === undefined ? "" : ` ${error.hint}`
  const more = error === null ? "" : `\n  ${oneLine(error.message)}${oneLine(hint) && ` ${oneLine(hint)}`}`
  return `${sessionId}  ${wordsOf(session)}  ${oneLine(title)}${more}\n`
}

function wordsOf({ outcome, from, url, checkpoint, gone }: RecoveredSession): string {
  const files = checkpoint === null ? "files as its branch has them" : `files as at checkpoint ${checkpoint}`
  switch (outcome) {
    case "there":
      return "is there"
    case "lost":
      return "is lost"
    case "gone":
      return `would come from ${from === "remote" ? oneLine(url ?? "its remote") : "its repository"}, ${files}`
    case "recovered":
      return `is there again, ${files}${gone > 0 ? `, ${gone} later ${gone === 1 ? "checkpoint" : "checkpoints"} gone` : ""}`
  }
}
