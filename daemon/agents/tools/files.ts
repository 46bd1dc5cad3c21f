/** Tools that read: they change nothing, so nobody is asked. */
import { readdir } from "node:fs/promises"
import { z } from "zod"
import { capped } from "./capped-text.ts"
import { asToolError } from "./confinement.ts"
import { defineTool, ToolError } from "./tool.ts"

export const readFile = defineTool({
  name: "read_file",
  description: "Reads a text file in the working directory.",
  kind: "read",
  asks: false,
  input: z.object({
    path: z.string().min(1),
    offset: z.number().int().positive().optional().describe("First line to read, counted from 1"),
    limit: z.number().int().positive().optional().describe("How many lines; default: all"),
  }),
  async open({ path, offset = 1, limit }, { files }) {
    const real = await files.locate(path)
    return {
      title: `Read ${files.show(real)}`,
      paths: [real],
      async run() {
        const text = await files.readText(real)
        if (text === null) throw new ToolError(`There is no file ${files.show(real)}.`)
        if (offset === 1 && limit === undefined) return { output: capped(text) }
        const lines = text.split("\n").slice(offset - 1, limit === undefined ? undefined : offset - 1 + limit)
        return { output: capped(lines.join("\n")) }
      },
    }
  },
})

const MAX_ENTRIES = 1000

export const listDir = defineTool({
  name: "list_dir",
  description: "Lists a directory in the working directory. Directories end in /, symbolic links in @.",
  kind: "read",
  asks: false,
  input: z.object({ path: z.string().min(1).default(".") }),
  async open({ path }, { files }) {
    const real = await files.locate(path)
    return {
      title: `List ${files.show(real)}`,
      paths: [real],
      async run() {
        const entries = await readdir(real, { withFileTypes: true }).catch((error: unknown) => {
          throw asToolError(error, files.show(real))
        })
        const names = entries
          .map((entry) => entry.name + (entry.isDirectory() ? "/" : entry.isSymbolicLink() ? "@" : ""))
          .sort()
        const more = names.length > MAX_ENTRIES ? [`[… ${names.length - MAX_ENTRIES} more …]`] : []
        return { output: [...names.slice(0, MAX_ENTRIES), ...more].join("\n") || "(empty)" }
      },
    }
  },
})
