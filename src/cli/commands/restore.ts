import type { Restoring } from "../../workspaces/keeping.ts"
import { confirmed } from "../ask.ts"
import { defineCommand } from "../command.ts"
import { fileSheet } from "../file-sheet.ts"
import { usage } from "../refusal.ts"
import { oneLine, painter } from "../terminal.ts"
import { whichSession } from "../which-session.ts"
import { withPlane } from "../with-plane.ts"

export const restore = defineCommand({
  name: "restore",
  summary: "puts a session's files back as they were",
  positionals: ["ID", "N"],
  flags: {
    "dry-run": { type: "boolean", help: "only tell what would become of the files" },
    yes: { type: "boolean", short: "y", help: "do not ask" },
  },
  json: "print {n, dryRun, files: [{path, status, added, removed}], inTheWay, untouched} as JSON",
  more: `
N is a checkpoint: \`agentz checkpoints ID\` lists them. The files as they are now are kept in a checkpoint first. What no
checkpoint has, such as ignored files, is never written over. Branches, index and stash stay as they are.`,
  async run({ values, positionals: [id = "", given = ""], json, io, deps }) {
    const n = Number(given)
    if (!Number.isInteger(n) || n < 1) throw usage(`N is “${given}”: give the number of a checkpoint.`)
    return await withPlane(deps, async (plane) => {
      const sessionId = await whichSession(plane, id)
      const plan = await plane.restore({ sessionId, n, dryRun: true })
      if (!json) io.stdout.write(sheetOf(plan, fileSheet(plan.files, painter(io.stdout, io))))
      const asks = values["dry-run"] !== true && values.yes !== true
      if (asks && (json || io.stdin.isTTY !== true))
        throw usage("That changes files: add --yes, or --dry-run to only look.")
      if (asks && !(await confirmed(io, `Put them back to checkpoint ${n}?`))) return 1
      const done = values["dry-run"] === true ? plan : await plane.restore({ sessionId, n })
      if (json) io.stdout.write(`${JSON.stringify(done)}\n`)
      else if (!done.dryRun) io.stdout.write(`The files are as they were at checkpoint ${n}.\n`)
      return 0
    })
  },
})

function sheetOf({ files, inTheWay, untouched }: Restoring, sheet: string): string {
  const names = (paths: readonly string[]) => paths.map((path) => `  ${oneLine(path)}\n`).join("")
  return [
    files.length === 0 ? "Nothing differs from it.\n" : sheet,
    inTheWay.length === 0 ? "" : `No checkpoint has these, and they would be lost:\n${names(inTheWay)}`,
    untouched.length === 0 ? "" : `Repositories inside stay as they are:\n${names(untouched)}`,
  ].join("")
}
