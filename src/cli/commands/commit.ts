import { defineCommand } from "../command.ts"
import { usage } from "../refusal.ts"
import { clean } from "../terminal.ts"
import { whichSession } from "../which-session.ts"
import { withPlane } from "../with-plane.ts"

export const commit = defineCommand({
  name: "commit",
  summary: "commits what a session did in its work tree",
  positionals: ["ID", "MESSAGE..."],
  flags: {},
  json: "print {commit, branch} as JSON",
  more: "It is made in your name, of everything that git does not ignore. No hook is run, and nothing is signed.",
  async run({ positionals: [id = "", ...words], json, io, deps }) {
    const message = words.join(" ").trim()
    if (message === "") throw usage("The message is empty: say what was done.")
    return await withPlane(deps, async (plane) => {
      const made = await plane.commit({ sessionId: await whichSession(plane, id), message })
      if (json) io.stdout.write(`${JSON.stringify(made)}\n`)
      else io.stdout.write(`${made.commit.slice(0, 12)} on ${clean(made.branch ?? "no branch")}\n`)
      return 0
    })
  },
})
