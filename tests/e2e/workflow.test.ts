import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { Installation } from "./installation.ts"
import { startRun, untilStatus } from "./workflow-runs.ts"

test("steps run in their order, in sessions and programs, and what they give goes on to the next", async () => {
  await using agentz = await Installation.open()
  const up = await agentz.up()
  const source = `
name: first
inputs:
  word: { type: string, default: hello }
steps:
  - id: plan
    kind: agent
    mode: bypass
    prompt: '[[say text="{{inputs.word}} from the agent"]]'
  - id: build
    kind: command
    command: echo "$SAID" > out.txt; echo done
    env: { SAID: "{{steps.plan.output}}" }
  - id: sum
    kind: transform
    value: { said: "{{steps.plan.output}}", built: "{{steps.build.output}}" }
`
  const runId = await startRun(agentz, up, source, { inputs: { word: "hi" } })
  const run = await untilStatus(agentz, runId, "completed")
  expect(run.output).toEqual({ type: "value", value: { said: "hi from the agent", built: "done" } })
  expect(readFileSync(join(agentz.workingDir, "out.txt"), "utf8")).toBe("hi from the agent\n")
})
