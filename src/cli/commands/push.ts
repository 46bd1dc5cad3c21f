import { defineCommand } from "../command.ts"
import { oneLine } from "../terminal.ts"
import { whichSession } from "../which-session.ts"
import { withPlane } from "../with-plane.ts"

export const push = defineCommand({
  name: "push",
  summary: "pushes the branch of a session's work tree",
  positionals: ["ID"],
  flags: { remote: { type: "string", value: "NAME", help: "to this remote of the repository (origin)" } },
  json: "print {remote, url, branch, commit, uncommitted} as JSON",
  more: `
Another default may be named by \`remote\` in .agentz/config.yaml. You sign in as git does for you elsewhere, by a key or a
credential helper; nobody is asked for a password. Hooks are not run. Written over is only what agentz pushed itself.`,
  async run({ values: { remote }, positionals: [id = ""], json, io, deps }) {
    return await withPlane(deps, async (plane) => {
      const pushed = await plane.push({ sessionId: await whichSession(plane, id), remote })
      if (json) io.stdout.write(`${JSON.stringify(pushed)}\n`)
      else {
        const { branch, commit, url, uncommitted } = pushed
        io.stdout.write(`${oneLine(branch)} is at ${oneLine(url)}, ${commit.slice(0, 12)}.\n`)
        if (uncommitted > 0)
          io.stderr.write(
            `In no commit yet, and so not pushed: ${uncommitted === 1 ? "1 file" : `${uncommitted} files`}.\n`,
          )
      }
      return 0
    })
  },
})
