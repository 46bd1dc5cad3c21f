import type { PullRequest } from "../../workspaces/publishing.ts"
import { defineCommand } from "../command.ts"
import { clean, oneLine } from "../terminal.ts"
import { whichSession } from "../which-session.ts"
import { withPlane } from "../with-plane.ts"

export const pr = defineCommand({
  name: "pr",
  summary: "pushes a session's branch and asks for a pull request",
  positionals: ["ID"],
  flags: {
    base: { type: "string", value: "BRANCH", help: "to be merged into this one (the forge's default)" },
    title: { type: "string", value: "TEXT", help: "(the title of the session)" },
    body: { type: "string", value: "TEXT", help: "(the subjects of its commits)" },
    draft: { type: "boolean", help: "not ready for review yet" },
    remote: { type: "string", value: "NAME", help: "by way of this remote of the repository (origin)" },
    "dry-run": { type: "boolean", help: "only tell what would be asked; nothing is pushed" },
  },
  json: "print {dryRun, repository, head, base, title, body, draft, url, refused} as JSON",
  more: "It is made by GitHub's own program `gh`, as you are signed in there: `gh auth login`.",
  async run({ values, positionals: [id = ""], json, io, deps }) {
    const { base, title, body, draft, remote } = values
    return await withPlane(deps, async (plane) => {
      const sessionId = await whichSession(plane, id)
      const dryRun = values["dry-run"] === true
      const made = await plane.pullRequest({ sessionId, base, title, body, draft, remote, dryRun })
      if (json) io.stdout.write(`${JSON.stringify(made)}\n`)
      else io.stdout.write(made.url === null ? sheetOf(made) : `${oneLine(made.url)}\n`)
      return 0
    })
  },
})

const sheetOf = ({ repository, head, base, title, body, draft, refused }: PullRequest): string =>
  [
    `${oneLine(repository)}: ${oneLine(head)} into ${oneLine(base ?? "the default branch")}${draft ? ", as a draft" : ""}\n`,
    `${oneLine(title)}\n`,
    body === "" ? "" : `\n${clean(body).trimEnd()}\n`,
    refused === null ? "" : `\nIt would be refused: ${oneLine(refused.message)}\n`,
  ].join("")
