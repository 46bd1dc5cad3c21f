/** Tools that change files. Both show the change first, and refuse when the file is no longer what was shown. */
import { z } from "zod"
import { defineTool, ToolError } from "./tool.ts"

export const writeFile = defineTool({
  name: "write_file",
  description: "Makes a text file in the working directory, or replaces a whole one.",
  kind: "edit",
  asks: true,
  input: z.object({ path: z.string().min(1), content: z.string() }),
  async open({ path, content }, { files }) {
    const real = await files.locate(path)
    const shown = files.show(real)
    const oldText = await files.readText(real)
    return {
      title: `${oldText === null ? "Create" : "Write"} ${shown}`,
      paths: [real],
      content: [{ type: "diff", path: real, oldText, newText: content }],
      run: () =>
        inTurn(real, async () => {
          if ((await files.readText(real)) !== oldText)
            throw new ToolError(`${shown} was changed by somebody else meanwhile. Read it again.`)
          await files.writeText(real, content)
          return {
            output: `${oldText === null ? "Created" : "Wrote"} ${shown} (${content.length} characters).`,
          }
        }),
    }
  },
})

export const editFile = defineTool({
  name: "edit_file",
  description: "Replaces one piece of a text file. old_string must occur exactly once in it.",
  kind: "edit",
  asks: true,
  input: z.object({ path: z.string().min(1), old_string: z.string().min(1), new_string: z.string() }),
  async open({ path, old_string, new_string }, { files }) {
    const real = await files.locate(path)
    const shown = files.show(real)
    const oldText = await files.readText(real)
    const newText = replaceOnce(oldText, old_string, new_string, shown)
    return {
      title: `Edit ${shown}`,
      paths: [real],
      content: [{ type: "diff", path: real, oldText, newText }],
      run: () =>
        inTurn(real, async () => {
          await files.writeText(real, replaceOnce(await files.readText(real), old_string, new_string, shown))
          return { output: `Edited ${shown}.` }
        }),
    }
  },
})

function replaceOnce(text: string | null, old: string, replacement: string, shown: string): string {
  if (text === null) throw new ToolError(`There is no file ${shown}.`)
  const at = text.indexOf(old)
  if (at < 0) throw new ToolError(`old_string does not occur in ${shown}. Read the file and copy it exactly.`)
  if (text.indexOf(old, at + 1) >= 0)
    throw new ToolError(`old_string occurs more than once in ${shown}. Add the lines around it.`)
  return text.slice(0, at) + replacement + text.slice(at + old.length)
}

const busy = new Map<string, Promise<unknown>>()

/** Calls of one step run at once; two of them on one file must not read the same text and both write. */
function inTurn<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  const result = (busy.get(path) ?? Promise.resolve()).then(work, work)
  busy.set(path, result)
  const forget = () => {
    if (busy.get(path) === result) busy.delete(path)
  }
  result.then(forget, forget)
  return result
}
