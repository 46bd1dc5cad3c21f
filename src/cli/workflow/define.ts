import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import { defineCommand } from "../command.ts"
import type { Io } from "../io.ts"
import { EXIT, usage } from "../refusal.ts"
import { withPlane } from "../with-plane.ts"

export const validate = defineCommand({
  name: "workflow validate",
  summary: "says whether a definition can be run, and if not, why and where",
  positionals: ["FILE"],
  flags: {},
  json: "print {valid, problems: [{line, column, place, message}]} as JSON",
  async run({ positionals: [file = ""], json, io, deps }) {
    const source = sourceOf(file, io)
    return await withPlane(deps, async ({ workflows }) => {
      const { definition, problems } = await workflows.validate({ source, file })
      const valid = definition !== null
      const lines = problems.map(({ line, column, message }) => `${file}:${line}:${column}: ${message}\n`)
      if (json) io.stdout.write(`${JSON.stringify({ valid, problems })}\n`)
      else
        io.stdout.write(
          valid ? `${definition.name} can be run: ${definition.steps.length} steps.\n` : lines.join(""),
        )
      return valid ? EXIT.ok : EXIT.failed
    })
  },
})

export const define = defineCommand({
  name: "workflow define",
  summary: "makes a workflow known by its name, or changes it",
  positionals: ["FILE"],
  flags: {},
  json: "print {name, hash, changed} as JSON",
  async run({ positionals: [file = ""], json, io, deps }) {
    const source = sourceOf(file, io)
    return await withPlane(deps, async ({ workflows }) => {
      const defined = await workflows.define({ source, file })
      const how = defined.changed ? "is known from now on" : "was known like that already"
      io.stdout.write(json ? `${JSON.stringify(defined)}\n` : `${defined.name} ${how}.\n`)
      return EXIT.ok
    })
  },
})

export const forget = defineCommand({
  name: "workflow forget",
  summary: "forgets a workflow, with its schedules and webhooks; its runs stay",
  positionals: ["NAME"],
  flags: {},
  json: "print {name, forgotten} as JSON",
  async run({ positionals: [name = ""], json, io, deps }) {
    return await withPlane(deps, async ({ workflows }) => {
      const forgotten = await workflows.forget(name)
      io.stdout.write(json ? `${JSON.stringify(forgotten)}\n` : `${name} is forgotten.\n`)
      return EXIT.ok
    })
  },
})

function sourceOf(file: string, io: Io): string {
  try {
    return readFileSync(resolve(io.cwd, file), "utf8")
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error)
    throw usage(`${file} cannot be read (${code}): name a file with a definition.`)
  }
}
