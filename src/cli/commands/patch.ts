import { writeFile } from "node:fs/promises"
import { resolve } from "node:path"
import { defineCommand } from "../command.ts"
import { usage } from "../refusal.ts"
import { inert } from "../terminal.ts"
import { whichSession } from "../which-session.ts"
import { withPlane } from "../with-plane.ts"

export const patch = defineCommand({
  name: "patch",
  summary: "gives all that a session did to its files as a patch",
  positionals: ["ID", "[FILE]"],
  flags: {},
  json: "print {patch, encoding} as JSON; encoding is base64 where the files are not in UTF-8",
  more: "It is printed, or written to FILE, which must not be there. `git apply FILE` does the same elsewhere.",
  async run({ positionals: [id = "", file], json, io, deps }) {
    return await withPlane(deps, async (plane) => {
      const made = await plane.patch(await whichSession(plane, id))
      const bytes = Buffer.from(made.patch, made.encoding)
      if (json) io.stdout.write(`${JSON.stringify(made)}\n`)
      else if (file !== undefined) {
        const path = resolve(io.cwd, file)
        await writeFile(path, bytes, { flag: "wx" }).catch((error: NodeJS.ErrnoException) => {
          throw usage(`${path} could not be written (${error.code}): name another file.`)
        })
      } else if (made.encoding === "utf8" && inert(made.patch) === made.patch) io.stdout.write(made.patch)
      else
        throw usage(
          "The patch has characters that would not come through here as they are: name a file for it.",
        )
      return 0
    })
  },
})
