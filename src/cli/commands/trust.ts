import { resolve } from "node:path"
import { confirmed } from "../ask.ts"
import { defineCommand } from "../command.ts"
import { usage } from "../refusal.ts"
import { clean } from "../terminal.ts"
import { withPlane } from "../with-plane.ts"

export const trust = defineCommand({
  name: "trust",
  summary: "allows what a repository wants run in work trees, and where it wants work pushed",
  positionals: ["[DIR]"],
  flags: { yes: { type: "boolean", short: "y", help: "do not ask" } },
  json: "print {root, file, base?, copy, setup, teardown, minutes, remote, push, url?, hash, allowed} as JSON; allows only with --yes",
  more: `
They are those under \`setup\` and \`teardown\` in .agentz/config.yaml, and \`push\` there. Allowed are exactly these: when they
change, you are asked again. They
run as you would run them, so read what they do.`,
  async run({ values, positionals: [dir = "."], json, io, deps }) {
    return await withPlane(deps, async (plane) => {
      const workingDir = resolve(io.cwd, dir)
      const found = await plane.repositoryConfig(workingDir)
      const wants = !found.allowed
      const some = found.setup.length + found.teardown.length > 0 || found.push
      if (!json && !some) io.stdout.write(`${clean(found.root)} wants nothing run.\n`)
      else if (!json) {
        const told = (when: string, commands: readonly string[]) =>
          commands.length === 0
            ? ""
            : `${clean(found.file)} wants these run ${when}:\n${commands.map((one) => `  ${clean(one)}\n`).join("")}`
        io.stdout.write(told("in each new work tree", found.setup))
        io.stdout.write(told("before a work tree is taken away", found.teardown))
        if (found.push)
          io.stdout.write(
            `${clean(found.file)} wants all checkpoints of each session, and the branch of those in work trees, pushed to ${clean(found.remote)} (${clean(found.url ?? "which there is not")}).\n`,
          )
        if (!wants) io.stdout.write("They are allowed.\n")
      }
      if (wants && values.yes !== true && !json) {
        if (io.stdin.isTTY !== true) throw usage("Add --yes to allow them.")
        if (!(await confirmed(io, "Allow them?"))) return 1
      }
      const allows = wants && (values.yes === true || !json)
      if (allows) await plane.allowCommands({ workingDir, hash: found.hash })
      if (json) io.stdout.write(`${JSON.stringify({ ...found, allowed: found.allowed || allows })}\n`)
      else if (allows) io.stdout.write("They are allowed now.\n")
      return 0
    })
  },
})
