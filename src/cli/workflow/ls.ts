import { closest } from "#streams/closest"
import type { RunEntry } from "#streams/workflow/registry"
import { RUN_STATUSES, type RunStatus } from "#streams/workflow/run"
import { ageOf } from "../clock.ts"
import { defineCommand } from "../command.ts"
import { usage } from "../refusal.ts"
import { oneLine, table } from "../terminal.ts"
import { withPlane } from "../with-plane.ts"

export const ls = defineCommand({
  name: "workflow ls",
  summary: "lists runs, newest first, or the workflows that are known by name",
  positionals: [],
  flags: {
    status: { type: "string", value: "S", help: `only those that are ${RUN_STATUSES.join(", ")}` },
    workflow: { type: "string", value: "NAME", help: "only runs of that workflow" },
    definitions: { type: "boolean", help: "the workflows themselves" },
  },
  json: "print {runs, offset}, or with --definitions {workflows, offset}, as JSON",
  async run({ values, json, io, deps }) {
    const status = statusOf(values.status)
    return await withPlane(deps, async ({ workflows }) => {
      const write = (page: unknown, text: string) => {
        io.stdout.write(json ? `${JSON.stringify(page)}\n` : text)
        return 0
      }
      const width = io.stdout.isTTY ? Math.max(40, io.stdout.columns) : 200
      if (values.definitions === true) {
        const page = await workflows.definitions()
        const rows = page.workflows.map(({ name, definition, updatedAt }) => [
          name,
          String(definition.steps.length),
          ageOf(updatedAt, deps.now()),
          oneLine(definition.description ?? ""),
        ])
        const none = "No workflow is known by name: agentz workflow define FILE makes it so.\n"
        return write(
          page,
          rows.length === 0 ? none : table([["NAME", "STEPS", "AGE", "WHAT"], ...rows], width),
        )
      }
      const page = await workflows.list({ status, workflow: values.workflow })
      const rows = page.runs.map((run) => rowOf(run, deps.now()))
      const none = "No runs: agentz workflow run FILE starts one.\n"
      const head = ["ID", "STATUS", "WORKFLOW", "STEPS", "AGE", "NOTE"]
      return write(page, rows.length === 0 ? none : table([head, ...rows], width))
    })
  },
})

function rowOf({ runId, status, workflow, progress, createdAt }: RunEntry, now: number): readonly string[] {
  const { steps, waiting, error, leaving } = progress ?? {
    steps: null,
    waiting: 0,
    error: null,
    leaving: null,
  }
  const note = error ?? (waiting > 0 ? `${waiting} waiting for somebody` : (leaving ?? ""))
  const done = steps === null ? "" : `${steps.ended}/${steps.total}`
  return [runId, status, workflow, done, ageOf(createdAt, now), oneLine(note)]
}

function statusOf(given: string | undefined): RunStatus | undefined {
  const status = RUN_STATUSES.find((one) => one === given)
  if (given === undefined || status !== undefined) return status
  const guess = closest(given, RUN_STATUSES)
  throw usage(
    `There is no status “${given}”. ${guess ? `Did you mean ${guess}?` : `It is one of ${RUN_STATUSES.join(", ")}.`}`,
  )
}
