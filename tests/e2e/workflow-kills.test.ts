/**
 * Runs under kill -9 of workers that never live long, and of the stream server, and runs within runs. Short runs
 * here; `npm run test:workflows` is longer, `SEED=…` repeats one.
 */
import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect } from "vitest"
import { follow } from "#streams/follow"
import type { RunId } from "#streams/ids"
import { paths } from "#streams/paths"
import { wait } from "#streams/transport"
import { cuttingFetch } from "../support/cutting-fetch.ts"
import { LONG, timed } from "../support/long.ts"
import { numbersFrom, seeded } from "../support/seeded.ts"
import { Installation, killPid, type Ready } from "./installation.ts"
import {
  killApiAndWorkers,
  killWorkers,
  runEventsOf,
  startRun,
  untilStatus,
  untilStep,
  workerOf,
} from "./workflow-runs.ts"
import { expectTold, judged, timesIn, untilJournal, witnessed, workflowOf } from "./workflow-witness.ts"

/** On a machine on which agentz is up within that; where it takes longer all else does. */
const [LIFE_MS, USUAL_START_MS] = [300, 1_000]

timed(
  "workers that live for 300 ms each: the runs go on all the same, and no attempt is used up",
  async () => {
    const [runs, seconds] = LONG ? [10, 60] : [3, 5]
    const steps = Array.from({ length: LONG ? 20 : 4 }, (_, index) =>
      witnessed(`s${index}`, { seconds: 0.4, needs: index === 0 ? [] : [`s${index - 1}`] }),
    )
    await using agentz = await Installation.open({ AGENTZ_IDLE_SECONDS: "5" })
    const from = performance.now()
    const up = await agentz.up()
    const lifeMs = LIFE_MS * Math.max(1, (performance.now() - from) / USUAL_START_MS)
    const source = workflowOf("loop", ...steps)
    const runIds = await Promise.all(Array.from({ length: runs }, () => startRun(agentz, up, source)))
    const completed = async () =>
      (await Promise.all(runIds.map((runId) => runEventsOf(agentz, runId))))
        .flat()
        .filter(({ type }) => type === "step_complete").length
    await untilStep(agentz, { runId: runIds[0] as RunId, stepId: "s0" }, "running")
    const before = await completed()
    let kills = 0
    let after = before
    for (const over = performance.now() + seconds * 1_000; performance.now() < over || after === before; ) {
      await workerOf(agentz)
      await wait(lifeMs)
      kills += await killWorkers(agentz)
      after = await completed()
    }
    for (const runId of runIds) {
      await untilStatus(agentz, runId, "completed", 180_000)
      const run = await judged(agentz, runId)
      for (const step of run.steps.values())
        expect(step).toMatchObject({ attempt: 1, recoveries: 0, failures: 0 })
      await expectTold(agentz, up, run)
    }
    console.log(
      `${kills} workers lived for ${Math.round(lifeMs)} ms each; ${after - before} steps ended meanwhile, none twice`,
    )
  },
  400_000,
)

/** Reads the log of a run live through the API, its connection cut again and again. */
function reading(api: () => Ready, runId: RunId, cutting: ReturnType<typeof cuttingFetch>) {
  const closing = new AbortController()
  const seen: unknown[] = []
  const done = (async () => {
    const url = () => `${api().api}/v1/stream/${paths.runEvents(runId)}`
    const headers = () => ({ authorization: `Bearer ${api().token}` })
    const { signal } = closing
    for await (const { items } of follow({ url, headers, signal, fetch: cutting.fetch })) seen.push(...items)
  })()
  return {
    seen,
    async [Symbol.asyncDispose]() {
      closing.abort()
      await done
    },
  }
}

timed(
  "the stream server killed under load, and readers cut off at any byte: nothing acknowledged is lost, and each saw the log",
  async () => {
    const random = seeded("workflow/store kills")
    const [most, kills] = LONG ? [40, 20] : [5, 3]
    await using agentz = await Installation.open({ AGENTZ_IDLE_SECONDS: "5" })
    const up = await agentz.up()
    const each =
      '{ id: each, kind: map, needs: [long], over: "[1, 2, 3, 4, 5, 6, 7, 8]", step: { kind: transform, value: "{{item}} {{run.id}}" } }'
    const source = workflowOf(
      "load",
      witnessed("first"),
      witnessed("long", { seconds: 1.5, needs: ["first"] }),
      `  - ${each}`,
      witnessed("last", { needs: ["each"] }),
    )
    const acknowledged: RunId[] = []
    const start = async (n: number) => {
      const key = { idempotencyKey: `run ${n}` }
      // One that is told that the store is away asks again, as whoever starts runs would.
      for (let tries = 0; tries < 20; tries++) {
        const runId = await startRun(agentz, up, source, key).catch(() => null)
        if (runId !== null) return void acknowledged.push(runId)
        await wait(300)
      }
      throw new Error(`Run ${n} could not be started.`)
    }
    await start(0)
    const cuttings = [0, 1].map((index) => cuttingFetch(numbersFrom(random.seed + index)))
    const readers = cuttings.map((cutting) => reading(() => up, acknowledged[0] as RunId, cutting))
    const starting = (async () => {
      for (let n = 1; n < most; n++) {
        await start(n)
        await wait(random.next() * 600)
      }
    })()
    for (let kill = 0; kill < kills; kill++) {
      await wait(random.next() * 1_200)
      const server = agentz.streamServer()
      if (server) await killPid(server)
    }
    await starting
    for (const runId of acknowledged) {
      await untilStatus(agentz, runId, "completed", 120_000)
      const run = await judged(agentz, runId)
      for (const step of ["first", "long", "last"]) expect(timesIn(agentz, `begin ${runId} ${step}`)).toBe(1)
      await expectTold(agentz, up, run)
    }
    const log = await runEventsOf(agentz, acknowledged[0] as RunId)
    for (const reader of readers) {
      while (reader.seen.length < log.length) await wait(20)
      await reader[Symbol.asyncDispose]()
      expect(reader.seen).toEqual(log)
    }
    const cuts = cuttings.reduce((sum, one) => sum + one.cuts, 0)
    console.log(`${kills} kills, ${acknowledged.length} runs, readers cut ${cuts} times`)
  },
  600_000,
)

const INNER = workflowOf(
  "inner",
  witnessed("work", { until: "go" }),
  '  - { id: out, kind: transform, value: "{{steps.work.output}} of the inner one" }',
)
const OUTER = workflowOf(
  "outer",
  "  - { id: child, kind: workflow, workflow: inner }",
  '  - { id: last, kind: transform, value: "{{steps.child.output}}" }',
)
const BREAKS = workflowOf(
  "breaks",
  witnessed("once"),
  "  - { id: need, kind: command, needs: [once], command: test -f needed.txt, retry: { attempts: 1 } }",
)
const AROUND = workflowOf(
  "around",
  "  - { id: child, kind: workflow, workflow: breaks, retry: { attempts: 1 } }",
)

timed(
  "a run within a run, and whoever moves them killed: each is one run, resumed where it failed, cancelled with the other",
  async () => {
    await using agentz = await Installation.open({ AGENTZ_IDLE_SECONDS: "5" })
    let up = await agentz.up()
    for (const source of [INNER, BREAKS]) await agentz.client(up).workflow.define.mutate({ source })
    const childrenOf = async (runId: RunId) =>
      (await agentz.client(up).workflow.list.query({})).runs.filter(({ parent }) => parent?.runId === runId)
    const [outer, around] = [await startRun(agentz, up, OUTER), await startRun(agentz, up, AROUND)]
    const { steps } = await untilStep(agentz, { runId: outer, stepId: "child" }, "running")
    const childId = steps.get("child")?.attempts.at(-1)?.childRunId as RunId
    await untilJournal(agentz, `begin ${childId} work`)
    await killApiAndWorkers(agentz, up)
    up = await agentz.up()
    const go = join(agentz.workingDir, "go")
    writeFileSync(go, "")
    await untilStatus(agentz, outer, "completed")
    expect((await judged(agentz, outer)).output).toEqual({ type: "value", value: "work of the inner one" })
    expect((await judged(agentz, outer)).steps.get("child")?.attempts).toHaveLength(1)
    expect(timesIn(agentz, `begin ${childId} work`)).toBe(1)
    expect((await childrenOf(outer)).map(({ runId }) => runId)).toEqual([childId])
    await judged(agentz, childId)

    const failed = await untilStatus(agentz, around, "failed")
    expect(failed.steps.get("child")?.error).toMatchObject({ code: "run_failed" })
    writeFileSync(join(agentz.workingDir, "needed.txt"), "")
    await agentz.client(up).workflow.resume.mutate({ runId: around })
    await untilStatus(agentz, around, "completed")
    expect((await judged(agentz, around)).steps.get("child")?.attempts).toHaveLength(2)
    expect((await childrenOf(around)).map(({ status }) => status).sort()).toEqual(["completed", "failed"])

    rmSync(go)
    const cancelled = await startRun(agentz, up, OUTER)
    const begun = await untilStep(agentz, { runId: cancelled, stepId: "child" }, "running")
    const innerId = begun.steps.get("child")?.attempts.at(-1)?.childRunId as RunId
    await untilJournal(agentz, `begin ${innerId} work`)
    await agentz.client(up).workflow.cancel.mutate({ runId: cancelled })
    await killWorkers(agentz)
    for (const runId of [cancelled, innerId]) {
      await untilStatus(agentz, runId, "cancelled")
      await judged(agentz, runId)
    }
    expect(timesIn(agentz, `end ${innerId} work`)).toBe(0)
  },
  300_000,
)
