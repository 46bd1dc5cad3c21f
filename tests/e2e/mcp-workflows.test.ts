/** Runs of workflows as other programs start and follow them, and everything killed in between. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { expect, test } from "vitest"
import { RunId } from "#streams/ids"
import { mcpAt } from "../support/mcp-client.ts"
import { Installation, killHard } from "./installation.ts"
import { tokenOf } from "./mcp-token.ts"
import { runEventsOf, untilRun } from "./workflow-runs.ts"

const SLOW = `
name: slow
inputs:
  word: { type: string }
steps:
  - { id: first, kind: agent, mode: bypass, prompt: '[[say text="{{inputs.word}}"]]' }
  - { id: second, kind: agent, mode: bypass, needs: [first], prompt: '[[slow n=60 ms=50]] [[say text="then {{steps.first.output}}"]]' }
  - { id: third, kind: transform, value: { said: "{{steps.first.output}}" }, needs: [second] }
`
const OTHER = "name: other\nsteps:\n  - { id: only, kind: transform, value: 1 }\n"
const HALTS = `
name: halts
steps:
  - { id: look, kind: command, command: "echo x >> looked.txt; echo looked" }
  - { id: need, kind: command, command: "cat needed.txt", needs: [look], retry: { attempts: 1 } }
  - { id: ok, kind: approval, question: "Go on?", needs: [need] }
  - { id: end, kind: transform, value: "{{steps.need.output}}", needs: [ok] }
`

/** agentz with these workflows, and a token for some of them. */
async function opened(agentz: Installation, ...definitions: readonly string[]) {
  const up = await agentz.up()
  const { workflow } = agentz.client(up)
  for (const source of definitions) await workflow.define.mutate({ source })
  return { up, workflow }
}

test("whoever started a run comes back after kill -9 of itself and of the API, and has its result by the id", async () => {
  await using agentz = await Installation.open()
  const { up } = await opened(agentz, SLOW)
  const { token } = await tokenOf(agentz)
  const { workingDir } = agentz
  const input = { workflow: "slow", inputs: { word: "hello" }, workingDir, idempotencyKey: "once" }
  const told = {
    ...{ url: `${up.api}/mcp`, token, start: { name: "invoke_async", arguments: input } },
    wait: { name: "invoke_stream", arguments: {} },
  }
  const caller = spawn(process.execPath, ["tests/e2e/mcp-caller.mjs", JSON.stringify(told)], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  const [line] = await once(createInterface({ input: caller.stdout }), "line")
  const handle = JSON.parse(line)
  const runId = RunId.parse(handle.runId)
  await untilRun(
    agentz,
    runId,
    "in its second step",
    ({ steps }) => steps.get("second")?.status === "running",
  )
  await killHard(caller)
  await killHard(up.process)

  const again = await agentz.up()
  await using mcp = await mcpAt(again.api, token)
  expect((await mcp.call("invoke_async", input)).runId).toBe(runId)
  const events: unknown[] = []
  let { offset } = handle
  for (;;) {
    const next = await mcp.call("invoke_stream", { runId, offset, most: 3 })
    events.push(...(next.events as unknown[]))
    offset = next.offset
    if (next.over === true && (next.events as unknown[]).length === 0) break
  }
  const logged = await runEventsOf(agentz, runId)
  expect(events).toMatchObject(logged.map(({ id, type }) => ({ id, type })))
  expect(events).toHaveLength(logged.length)
  expect(await mcp.call("invoke_status", { runId, waitSeconds: 50 })).toMatchObject({
    status: "completed",
    over: true,
    output: { said: "hello" },
    steps: [
      { stepId: "first", status: "completed", attempts: 1 },
      { stepId: "second", status: "completed", attempts: 1 },
      { stepId: "third", status: "completed", attempts: 1 },
    ],
  })
})

test("a run that is stuck is found and got going, what was done stays done, and it is told before what is not", async () => {
  await using agentz = await Installation.open()
  const { up, workflow } = await opened(agentz, HALTS)
  await using mcp = await mcpAt(up.api, (await tokenOf(agentz)).token)
  const { workingDir } = agentz
  const { runId: id } = await mcp.call("invoke_async", { workflow: "halts", workingDir })
  const runId = RunId.parse(id)
  let seen = await mcp.call("invoke_status", { runId, waitSeconds: 50 })
  while (seen.over !== true) seen = await mcp.call("invoke_status", { runId, waitSeconds: 50 })
  expect(seen).toMatchObject({ status: "failed", runsAgain: ["need"] })
  expect(await mcp.call("workflow_monitor")).toMatchObject({ active: [], stuck: [{ runId }] })

  writeFileSync(join(workingDir, "needed.txt"), "it is here")
  const plan = await mcp.call("invoke_resume", { runId, action: "retry", stepId: "need", dryRun: true })
  expect(plan).toMatchObject({ asked: false, again: ["need"], runs: ["need", "ok", "end"] })
  const refused = await mcp.refusal("invoke_resume", { runId, action: "retry", stepId: "nothing" })
  expect(["unknown_step", "run_refused"]).toContain(refused.reason)
  const asked = await mcp.call("invoke_resume", { runId })
  expect(asked).toMatchObject({ asked: true, again: ["need"] })
  seen = await mcp.call("invoke_status", { runId, waitSeconds: 50 })
  while (seen.asksPerson !== true) seen = await mcp.call("invoke_status", { runId, waitSeconds: 50 })
  expect(await mcp.call("workflow_monitor")).toMatchObject({
    active: [{ runId, status: "running" }],
    stuck: [{ runId, stepId: "ok", why: expect.stringContaining("person") }],
  })

  await workflow.answer.mutate({ runId, stepId: "ok", choice: "approve" })
  while (seen.over !== true) seen = await mcp.call("invoke_status", { runId, waitSeconds: 50 })
  expect(seen).toMatchObject({ status: "completed", output: "it is here" })
  expect(existsSync(join(workingDir, "looked.txt"))).toBe(true)
  const done = (await runEventsOf(agentz, runId)).filter(({ type }) => type === "step_complete")
  expect(done.map((event) => ("stepId" in event ? event.stepId : ""))).toEqual(["look", "need", "ok", "end"])
})

test("a token sees its workflows, and of their runs its own", async () => {
  await using agentz = await Installation.open()
  const { up } = await opened(agentz, OTHER, SLOW)
  const one = await tokenOf(agentz, "--workflows", "other")
  const two = await tokenOf(agentz, "--workflows", "other,slow")
  const all = await tokenOf(agentz, "--workflows", "all", "--runs", "all", "--read-only")
  await using mine = await mcpAt(up.api, one.token)
  await using theirs = await mcpAt(up.api, two.token)
  await using looking = await mcpAt(up.api, all.token)
  const namesFor = async (client: typeof mine) =>
    ((await client.call("workflow_list")).workflows as { name: string }[]).map(({ name }) => name).sort()
  expect(await namesFor(mine)).toEqual(["other"])
  expect(await namesFor(theirs)).toEqual(["other", "slow"])

  const { workingDir } = agentz
  const started = await mine.call("invoke_async", { workflow: "other", workingDir, idempotencyKey: "k" })
  const others = await theirs.call("invoke_async", { workflow: "other", workingDir, idempotencyKey: "k" })
  const { runId } = started
  expect(others.runId).not.toBe(runId)
  for (const name of ["invoke_status", "invoke_stream", "invoke_resume"])
    expect(await theirs.refusal(name, { runId })).toMatchObject({ reason: "unknown_run" })
  expect(await mine.refusal("invoke_async", { workflow: "slow", inputs: { word: "x" } })).toMatchObject({
    reason: "unknown_workflow",
  })
  expect(await theirs.refusal("invoke_async", { definition: OTHER })).toMatchObject({
    reason: "mcp_forbidden",
  })
  expect(await looking.call("invoke_status", { runId, waitSeconds: 50 })).toMatchObject({ runId })
  expect(await looking.tools()).not.toContain("invoke_async")
  expect((await mine.tools()).filter((name) => name.startsWith("session"))).toEqual([])
  expect(await theirs.refusal("invoke_async", { workflow: "slow", workingDir })).toMatchObject({
    reason: "invalid_inputs",
  })
})
