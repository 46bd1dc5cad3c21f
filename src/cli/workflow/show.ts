import type { Run, StepState } from "#streams/workflow/run"
import { defineCommand } from "../command.ts"
import { clean, oneLine, type Paint, painter, type Style, table } from "../terminal.ts"
import { withPlane } from "../with-plane.ts"
import { type Elsewhere, elsewhere } from "./elsewhere.ts"
import { waitsFor } from "./run-story.ts"
import { whichRun } from "./which-run.ts"

export const show = defineCommand({
  name: "workflow show",
  summary: "tells how a run stands, step by step",
  positionals: ["RUN"],
  flags: { output: { type: "string", value: "STEP", help: "print what this step gave, and nothing else" } },
  json: "print {run, offset, title, resume} as JSON; with --output {output}",
  async run({ values, positionals: [id = ""], json, io, deps }) {
    return await withPlane(deps, async (plane) => {
      const runId = await whichRun(plane, id)
      if (values.output !== undefined) {
        const { output = null } = await plane.workflows.output({ runId, stepId: values.output })
        const text = typeof output === "string" ? output : JSON.stringify(output, null, 2)
        io.stdout.write(
          json ? `${JSON.stringify({ output })}\n` : `${io.stdout.isTTY ? clean(text) : text}\n`,
        )
        return 0
      }
      const { run, ...view } = await plane.workflows.status(runId)
      const plain = { ...run, steps: [...run.steps.values()], taken: [...run.taken] }
      const paint = painter(io.stdout, io)
      io.stdout.write(json ? `${JSON.stringify({ ...view, run: plain })}\n` : sheet(run, view.title, paint))
      return 0
    })
  },
})

const STYLES: Partial<Record<string, Style>> = {
  running: "cyan",
  waiting: "yellow",
  completed: "green",
  failed: "red",
  skipped: "dim",
}

function sheet(run: Run, title: string, paint: Paint): string {
  const rows = [...run.steps.values()].map((step) => [
    step.stepId,
    step.status,
    step.attempt > 1 ? `attempt ${step.attempt}` : "",
    step.attempts.at(-1)?.sessionId ?? step.attempts.at(-1)?.childRunId ?? "",
    noteOn(step),
  ])
  const lines = table(rows, 200)
    .trimEnd()
    .split("\n")
    .map((line, index) => {
      const status = rows[index]?.[1] ?? ""
      return line.replace(` ${status} `, ` ${paint(STYLES[status] ?? "dim", status)} `)
    })
  const said: string[] =
    run.error === null ? [] : ["", paint("red", oneLine(`${run.error.message} ${run.error.hint ?? ""}`))]
  const leaving = run.leaving === null ? "" : `, ${run.leaving}`
  const away = elsewhere(run)
  if (away !== null) said.push("", paint("yellow", heldElsewhere(run.runId, away)))
  return `${run.runId}  ${run.status}${leaving}  ${oneLine(title)}\n${run.workingDir ?? ""}\n\n${[...lines, ...said].join("\n")}\n`
}

const heldElsewhere = (runId: string, { host }: Elsewhere): string =>
  `A worker on ${oneLine(host)} holds it. If that host does not come back: agentz workflow resume ${runId}`

function noteOn({ waitingFor, error, retryAt, output }: StepState): string {
  if (waitingFor !== null) return waitsFor(waitingFor)
  if (retryAt !== null) return `again at ${retryAt}: ${oneLine(error?.message ?? "")}`
  if (error !== null) return oneLine(error.message)
  if (output.type === "blob") return `${output.ref.bytes} bytes`
  if (output.type === "none") return ""
  return oneLine(typeof output.value === "string" ? output.value : JSON.stringify(output.value)).slice(0, 100)
}
