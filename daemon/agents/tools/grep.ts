import { basename, dirname } from "node:path"
import { z } from "zod"
import { runCommand } from "./command.ts"
import { defineTool } from "./tool.ts"

const TIMEOUT_MS = 30_000

export const grep = defineTool({
  name: "grep",
  description:
    "Searches text files in the working directory by an extended regular expression. Returns path:line:text. " +
    "Skips .git, node_modules and binary files.",
  kind: "search",
  asks: false,
  input: z.object({
    pattern: z.string().min(1),
    path: z.string().min(1).default(".").describe("File or directory to search"),
  }),
  async open({ pattern, path }, place) {
    const real = await place.files.locate(path)
    const isRoot = real === place.files.root
    return {
      title: `Search ${JSON.stringify(pattern)}${isRoot ? "" : ` in ${place.files.show(real)}`}`,
      paths: [real],
      async run(running) {
        // A program rather than our own RegExp: a bad expression would stop the whole daemon. It follows no links.
        const { output, how } = await runCommand(
          {
            argv: [
              "grep",
              "-rnIE",
              "--exclude-dir=.git",
              "--exclude-dir=node_modules",
              ...place.files.closed.map((path) => `--exclude-dir=${literally(basename(path))}`),
              "-e",
              pattern,
              "--",
              isRoot ? "." : `./${basename(real)}`,
            ],
            cwd: isRoot ? real : dirname(real),
            timeoutMs: TIMEOUT_MS,
          },
          place,
          running,
        )
        if (how.ending === "exited" && how.code === 1 && output === "") return { output: "No match." }
        return { output: output.trimEnd(), failed: how.ending !== "exited" || how.code > 1 }
      },
    }
  },
})

/** A name as a pattern that fits no other name. */
const literally = (name: string) => name.replace(/[*?[\]\\]/g, "\\$&")
