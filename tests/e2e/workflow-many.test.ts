/**
 * Many runs at once, with no append that fails and no run that is forgotten. Two hundred here; `npm run test:workflows`
 * has five hundred and a thousand as well.
 */
import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { workerLogOf } from "#src/workflows/worker/ensure"
import type { RunId } from "#streams/ids"
import { wait } from "#streams/transport"
import { LONG } from "../support/long.ts"
import { Installation } from "./installation.ts"
import { startRun } from "./workflow-runs.ts"
import { judged, workflowOf } from "./workflow-witness.ts"

const TROUBLE = /run_let_go|progress_lost|step_look_failed|worker_crashed|child_run_lost/

/** All of them are open at the same time: each waits for a signal that comes when all have been started. */
const SOURCE = workflowOf(
  "many",
  "  - { id: gate, kind: wait, signal: go }",
  '  - { id: one, kind: transform, value: "{{run.id}}", needs: [gate] }',
  '  - { id: two, kind: transform, value: "{{steps.one.output}}" }',
)

test.each(LONG ? [200, 500, 1_000] : [200])(
  "%i runs at once: all end, and no append fails",
  async (count) => {
    await using agentz = await Installation.open({ AGENTZ_IDLE_SECONDS: "10" })
    const up = await agentz.up()
    const { workflow } = agentz.client(up)
    const from = performance.now()
    const runIds: RunId[] = []
    const inParts = async (work: (index: number) => Promise<unknown>) => {
      for (let index = 0; index < count; index += 20)
        await Promise.all(Array.from({ length: Math.min(20, count - index) }, (_, n) => work(index + n)))
    }
    // Fifty who ask with one key ask for one run.
    const same = await Promise.all(
      Array.from({ length: 50 }, () => startRun(agentz, up, SOURCE, { idempotencyKey: "the same" })),
    )
    runIds.push(...new Set(same))
    expect(runIds).toHaveLength(1)
    const open = async () => (await workflow.list.query({ status: "running", limit: 1_000 })).runs
    await inParts(async (index) => {
      // One is there already.
      if (index === 0) return
      runIds.push(await startRun(agentz, up, SOURCE))
    })
    while ((await open()).filter(({ progress }) => progress?.waiting === 1).length < count) await wait(100)
    const opened = performance.now()
    await inParts((index) => workflow.signal.mutate({ runId: runIds[index] as RunId, name: "go" }))
    while ((await workflow.list.query({ status: "completed", limit: 1_000 })).runs.length < count)
      await wait(100)
    const ended = performance.now()
    for (const runId of runIds) {
      const run = await judged(agentz, runId)
      expect(run).toMatchObject({ status: "completed", epoch: 1, output: { type: "value", value: runId } })
    }
    expect(readFileSync(workerLogOf(agentz.home), "utf8")).not.toMatch(TROUBLE)
    console.log(
      `${count} runs: open after ${Math.round(opened - from)} ms, ended ${Math.round(ended - opened)} ms later`,
    )
  },
  600_000,
)
