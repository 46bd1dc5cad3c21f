/** What steps give, where it is large, strange, or not there. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { Installation } from "./installation.ts"
import { runEventsOf, startRun, untilStatus } from "./workflow-runs.ts"
import { judged, workflowOf } from "./workflow-witness.ts"

/** Letters that are easily broken: of several units, joined, from the right, invisible, and such as mean something. */
const STRANGE = `naïve 日本語 👩‍👩‍👧 שלום e\u0301 \u200b "quoted" \\back\\ {{braces}} {plain.output} $HOME \`tick\` 'single' </script>`
const MIB = 1 << 20

test("one megabyte is kept beside the log and whole, strange letters come through, and what is too much or missing is refused with its place", async () => {
  await using agentz = await Installation.open()
  const up = await agentz.up()
  const { workflow } = agentz.client(up)

  const large = await startRun(
    agentz,
    up,
    workflowOf(
      "large",
      "  - { id: print, kind: command, command: \"head -c 1048576 /dev/zero | tr '\\\\0' x; echo; echo end\" }",
      '  - { id: size, kind: transform, value: "{{ size(steps.print.output) }}" }',
      '  - { id: whole, kind: transform, value: "{{steps.print.output}}", needs: [size] }',
    ),
  )
  const strange = await startRun(
    agentz,
    up,
    `name: strange
inputs: { text: { type: string } }
steps:
  - { id: say, kind: command, command: 'printf %s "$TEXT"', env: { TEXT: "{{inputs.text}}" } }
  - { id: write, kind: command, command: [sh, -c, 'printf %s "$1" > "$2"', sh, "{{steps.say.output}}", "naïve 日本.txt"] }
  - { id: end, kind: transform, value: { text: "{{steps.say.output}}", same: "{{ steps.say.output == inputs.text }}" }, needs: [write] }
`,
    { inputs: { text: STRANGE } },
  )
  const tooMuch = await startRun(
    agentz,
    up,
    workflowOf(
      "flood",
      "  - { id: print, kind: command, command: \"head -c 52428800 /dev/zero | tr '\\\\0' x\" }",
    ),
  )
  const missing = await startRun(
    agentz,
    up,
    workflowOf(
      "missing",
      "  - { id: gives, kind: transform, value: { there: 1 } }",
      '  - { id: wants, kind: transform, value: "{{steps.gives.output.not.there}}" }',
    ),
  )

  await untilStatus(agentz, large, "completed", 60_000)
  const run = await judged(agentz, large)
  expect(run.steps.get("print")?.output).toMatchObject({ type: "blob" })
  expect(run.steps.get("size")?.output).toEqual({ type: "value", value: MIB + 4 })
  const { output } = await workflow.output.query({ runId: large })
  expect(output).toBe(`${"x".repeat(MIB)}\nend`)
  // The log stays small: it names what is beside it.
  expect(JSON.stringify(await runEventsOf(agentz, large)).length).toBeLessThan(20_000)
  const shown = await agentz.run(["workflow", "show", large, "--output", "print"])
  expect(shown.stdout).toBe(`${output}\n`)

  await untilStatus(agentz, strange, "completed")
  expect((await judged(agentz, strange)).output).toEqual({
    type: "value",
    value: { text: STRANGE, same: true },
  })
  expect(readFileSync(join(agentz.workingDir, "naïve 日本.txt"), "utf8")).toBe(STRANGE)

  const flooded = await untilStatus(agentz, tooMuch, "failed", 60_000)
  expect(flooded.steps.get("print")).toMatchObject({ attempt: 1, error: { code: "output_too_large" } })
  expect(flooded.error?.message).toContain("write it into a file")
  await judged(agentz, tooMuch)

  const refused = await untilStatus(agentz, missing, "failed")
  expect(refused.failedStep).toBe("wants")
  expect(refused.steps.get("wants")).toMatchObject({ attempt: 1, error: { class: "validation" } })
  expect(refused.error?.message).toContain("gives")
  await workflow.skipStep.mutate({ runId: missing, stepId: "wants", output: "given" })
  await untilStatus(agentz, missing, "completed")
  expect((await judged(agentz, missing)).output).toEqual({ type: "value", value: "given" })
}, 180_000)
