import { existsSync, readFileSync } from "node:fs"
import { resolve } from "node:path"
import { WorkflowName } from "#streams/workflow/definition"
import { definitionIn } from "../../workflows/read-definitions.ts"
import { defineCommand } from "../command.ts"
import { usage } from "../refusal.ts"
import { withPlane } from "../with-plane.ts"
import { followRun } from "./follow-run.ts"
import { inputWords } from "./input-words.ts"

export const run = defineCommand({
  name: "workflow run",
  summary: "starts a run of a workflow and follows it to its end",
  positionals: ["FILE|NAME"],
  flags: {
    input: { type: "string", multiple: true, value: "NAME=VALUE", help: "an input (repeat it)" },
    cwd: { type: "string", value: "D", help: "where it works (the current directory)" },
    key: { type: "string", value: "K", help: "the same key gives the same run" },
    detach: { type: "boolean", short: "d", help: "do not follow it: print its id" },
  },
  json: "print its events, one per line, each with runId; with --detach {runId}",
  more: `
FILE is a definition in YAML or JSON; NAME is one that \`agentz workflow define\` made known.
Ctrl-C leaves the run to itself; \`agentz workflow cancel\` ends it.
Exit codes: 0 completed, 1 failed or paused, 130 cancelled or left.`,
  async run({ values, positionals: [given = ""], json, io, deps }) {
    const file = resolve(io.cwd, given)
    const isFile = existsSync(file)
    if (!isFile && !WorkflowName.safeParse(given).success)
      throw usage(`There is no file ${given}, and no workflow can have that name.`)
    return await withPlane(deps, async (plane) => {
      const source = isFile ? readFileSync(file, "utf8") : undefined
      const definition =
        source === undefined
          ? (await plane.workflows.definitions()).workflows.find(({ name }) => name === given)?.definition
          : definitionIn(source, given)
      const { runId } = await plane.workflows.start({
        ...(source === undefined ? { name: given } : { source }),
        inputs: inputWords(values.input ?? [], definition),
        workingDir: resolve(io.cwd, values.cwd ?? "."),
        idempotencyKey: values.key,
      })
      if (values.detach === true) {
        io.stdout.write(json ? `${JSON.stringify({ runId })}\n` : `${runId}\n`)
        return 0
      }
      return await followRun(plane, runId, { io, json })
    })
  },
})
