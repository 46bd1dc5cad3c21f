/** What starts runs by itself, once each: by the clock, whoever looks and whoever is killed; and for a request that knows a secret. */
import { expect } from "vitest"
import { runIdOf } from "#streams/ids"
import { wait } from "#streams/transport"
import { timed } from "../support/long.ts"
import { streamServer } from "../support/stream-server.ts"
import { onHost } from "./hosts.ts"
import { Installation, killHard, type Ready } from "./installation.ts"
import { untilStatus } from "./workflow-runs.ts"
import { judged } from "./workflow-witness.ts"

const SOURCE = `
name: started
inputs:
  told: { type: list, default: [] }
steps:
  - { id: only, kind: transform, value: "{{inputs.told}}" }
`

timed(
  "a schedule that two hosts look at, one of them killed and back, starts one run for each time that is due",
  async () => {
    await using streams = await streamServer()
    await using one = await onHost("one", streams)
    await using two = await onHost("two", streams)
    let first = await one.agentz.up()
    const { workflow } = two.agentz.client(await two.agentz.up())
    await workflow.define.mutate({ source: SOURCE })
    const { workingDir } = one.agentz
    const asked = { name: "started", workingDir, when: { every: "1s" }, overlap: "allow" } as const
    const { scheduleId, when } = await workflow.schedule.mutate(asked)
    const runs = async () => (await workflow.list.query({ workflow: "started" })).runs
    const until = async (count: number) => {
      while ((await runs()).length < count) await wait(100)
    }
    await until(2)
    await killHard(first.process)
    await until(4)
    first = await one.agentz.up()
    await until(6)
    await workflow.setSchedule.mutate({ scheduleId, enabled: false })
    const from = when.type === "every" ? Date.parse(when.from) : Number.NaN
    const due = new Set<string>()
    for (let at = from; at <= Date.now(); at += 1_000)
      due.add(await runIdOf(`${scheduleId} ${new Date(at).toISOString()}`))
    const started = await runs()
    expect(started.filter(({ runId }) => !due.has(runId))).toEqual([])
    expect(started.every(({ startedBy }) => startedBy === "schedule")).toBe(true)
    for (const { runId } of started) {
      await untilStatus(one.agentz, runId, "completed")
      await judged(one.agentz, runId)
    }
  },
  180_000,
)

timed(
  "a delivery that names itself starts one run, however often it comes and whoever is killed; nobody starts any without the secret",
  async () => {
    await using agentz = await Installation.open({ AGENTZ_IDLE_SECONDS: "5" })
    const first = await agentz.up()
    const { workflow } = agentz.client(first)
    await workflow.define.mutate({ source: SOURCE })
    const { workingDir } = agentz
    const added = await workflow.addWebhook.mutate({ name: "started", workingDir, bodyInput: "told" })
    const send = (ready: Ready, headers: Record<string, string>, body = '["a","b"]') =>
      fetch(`${ready.api}/v1/hooks/${added.webhook.webhookId}`, { method: "POST", headers, body })
    const authorization = `Bearer ${added.secret}`
    const named = { authorization, "x-github-delivery": "the-one" }
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(first, named)))
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202))
    await killHard(first.process)
    const again = await agentz.up()
    answers.push(await send(again, named))
    const ids = await Promise.all(answers.map(async (answer) => (await answer.json()).runId))
    expect(new Set(ids).size).toBe(1)
    const runId = ids[0]
    await untilStatus(agentz, runId, "completed")
    expect((await judged(agentz, runId)).output).toEqual({ type: "value", value: ["a", "b"] })

    expect((await send(again, { ...named, authorization: "Bearer wrong" })).status).toBe(401)
    expect((await send(again, {})).status).toBe(401)
    expect((await send(again, { authorization }, "not JSON")).status).toBe(400)
    expect((await send(again, { authorization }, `"${"x".repeat(300_000)}"`)).status).toBe(413)
    const { runs } = await agentz.client(again).workflow.list.query({})
    expect(runs.map((run) => ({ runId: run.runId, startedBy: run.startedBy }))).toEqual([
      { runId, startedBy: "webhook" },
    ])
  },
  120_000,
)
