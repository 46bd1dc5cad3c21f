/** What a definition or the machine says of single steps: where they work, and how many of an agent there are at once. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { repository } from "../support/repository.ts"
import { Installation } from "./installation.ts"
import { runEventsOf, startRun, untilStatus } from "./workflow-runs.ts"

test("a step has a work tree of its own where it asks for one, and later steps can work there", async () => {
  await using project = await repository()
  project.write("kept.txt", "as it was\n")
  project.git(["add", "."])
  project.git(["commit", "-m", "first"])
  await using agentz = await Installation.open()
  const up = await agentz.up()
  const source = `
name: apart
steps:
  - id: edit
    kind: command
    command: echo "on a branch" > kept.txt; git branch --show-current
    workspace: { kind: worktree, setup: false }
  - id: look
    kind: command
    command: cat kept.txt
    workingDir: "{{steps.edit.workingDir}}"
  - id: here
    kind: command
    needs: [edit]
    command: cat kept.txt
  - id: each
    kind: map
    over: '["a", "b"]'
    step: { kind: command, command: [git, branch, --show-current], workspace: { kind: worktree, branch: "item-{{item}}" } }
`
  const runId = await startRun(agentz, up, source, { workingDir: project.path })
  const run = await untilStatus(agentz, runId, "completed")
  const outputOf = (stepId: string) => run.steps.get(stepId)?.output
  expect(outputOf("edit")).toMatchObject({ value: expect.stringMatching(/^agentz\//) })
  expect(outputOf("look")).toMatchObject({ value: "on a branch" })
  expect(outputOf("here")).toMatchObject({ value: "as it was" })
  expect(outputOf("each")).toMatchObject({ value: ["item-a", "item-b"] })
  expect(run.steps.get("edit")?.workingDir).not.toBe(project.path)
  expect(readFileSync(join(project.path, "kept.txt"), "utf8")).toBe("as it was\n")
})

test("a work tree where there is no repository is a failure that is not tried again", async () => {
  await using agentz = await Installation.open()
  const up = await agentz.up()
  const source = `
name: nowhere
steps:
  - { id: edit, kind: command, command: "true", workspace: { kind: worktree } }
`
  const runId = await startRun(agentz, up, source)
  const run = await untilStatus(agentz, runId, "failed")
  expect(run.steps.get("edit")).toMatchObject({
    attempt: 1,
    error: { code: "no_repository", class: "configuration" },
  })
})

test("no more steps of an agent are at work at once than it has places, and all come to their turn", async () => {
  await using agentz = await Installation.open({ AGENTZ_AGENT_STEPS_AT_ONCE: "demo=1" })
  const up = await agentz.up()
  const source = `
name: queue
steps:
  - { id: a, kind: agent, prompt: "[[text n=5 ms=50]]" }
  - { id: b, kind: agent, agent: demo, prompt: "[[text n=5 ms=50]]" }
  - { id: c, kind: command, command: "true" }
`
  const runIds = await Promise.all([1, 2].map(() => startRun(agentz, up, source)))
  const spans: (readonly [string, string])[] = []
  for (const runId of runIds) {
    await untilStatus(agentz, runId, "completed")
    const events = await runEventsOf(agentz, runId)
    for (const stepId of ["a", "b"]) {
      const at = (type: string) =>
        events.find((event) => event.type === type && "stepId" in event && event.stepId === stepId)?.at ?? ""
      spans.push([at("step_start"), at("step_complete")])
    }
  }
  spans.sort(([one], [other]) => one.localeCompare(other))
  for (const [index, [begun]] of spans.entries())
    if (index > 0) expect(begun >= (spans[index - 1]?.[1] ?? "")).toBe(true)
})
