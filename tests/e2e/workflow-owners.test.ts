/**
 * Workers that hold the same runs: one that was stopped for longer than anybody waits and wakes up, workers of two
 * hosts on one store, and a host that never comes back.
 */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect } from "vitest"
import { isSame, signal } from "#daemon/process/identity"
import { workersOf } from "#src/workflows/worker/ensure"
import type { RunId } from "#streams/ids"
import { wait } from "#streams/transport"
import { LONG, timed } from "../support/long.ts"
import { streamServer } from "../support/stream-server.ts"
import { onHost } from "./hosts.ts"
import { Installation, killHard, killPid } from "./installation.ts"
import { runEventsOf, runOf, untilRun, untilStatus } from "./workflow-runs.ts"
import {
  journalOf,
  judged,
  timesIn,
  toldOf,
  untilJournal,
  witnessed,
  workflowOf,
} from "./workflow-witness.ts"

const worker = async (agentz: Installation) => {
  for (;;) {
    const living = workersOf(agentz.home).find(isSame)
    if (living) return living
    await wait(20)
  }
}

timed(
  "a worker that is woken after another one took its runs is refused, also where the store was killed in between",
  async () => {
    await using agentz = await Installation.open({ AGENTZ_IDLE_SECONDS: "8" })
    const { workflow } = agentz.client(await agentz.up())
    const source = workflowOf(
      "zombie",
      witnessed("one", { until: "go" }),
      witnessed("two", { seconds: 1, needs: ["one"] }),
      witnessed("three", { needs: ["two"] }),
    )
    const runIds: RunId[] = []
    for (let n = 0; n < (LONG ? 20 : 3); n++)
      runIds.push((await workflow.start.mutate({ source, workingDir: agentz.workingDir })).runId)
    for (const runId of runIds) await untilJournal(agentz, `begin ${runId} one`)
    const old = await worker(agentz)
    expect(signal(old, "SIGSTOP")).toBe(true)
    writeFileSync(join(agentz.workingDir, "go"), "")
    const server = agentz.streamServer()
    if (server) await killPid(server)
    // What it would say when it wakes, that these steps have ended, the other one has said by then.
    for (const runId of runIds) {
      await untilRun(agentz, runId, "taken over", ({ epoch }) => epoch > 1)
      await untilJournal(agentz, `begin ${runId} two`)
    }
    expect(signal(old, "SIGCONT")).toBe(true)
    for (const runId of runIds) {
      await untilStatus(agentz, runId, "completed")
      const run = await judged(agentz, runId)
      const isOnce = [...run.steps.values()].every(({ attempts }) => attempts.length === 1)
      expect(isOnce ? [] : await toldOf(agentz, runId)).toEqual([])
      for (const step of ["one", "two", "three"]) {
        expect(timesIn(agentz, `begin ${runId} ${step}`)).toBe(1)
        expect(timesIn(agentz, `end ${runId} ${step}`)).toBe(1)
      }
    }
  },
  300_000,
)

timed(
  "workers of two hosts on one store: each run has one of them, and whoever was too late does nothing of it",
  async () => {
    const RUNS = LONG ? 50 : 12
    await using streams = await streamServer()
    await using one = await onHost("one", streams)
    await using two = await onHost("two", streams)
    const source = workflowOf(
      "shared",
      witnessed("first"),
      '  - { id: last, kind: transform, value: "{{steps.first.output}}" }',
    )
    const ups = [await one.agentz.up(), await two.agentz.up()]
    const { workingDir } = one.agentz
    // One run on each, so that both have a worker before the race begins.
    const runIds: RunId[] = []
    for (const [index, { agentz }] of [one, two].entries()) {
      const client = agentz.client(ups[index] as (typeof ups)[number])
      runIds.push((await client.workflow.start.mutate({ source, workingDir })).runId)
      await worker(agentz)
    }
    const starts = Array.from({ length: RUNS }, (_, n) => {
      const { agentz } = n % 2 === 0 ? one : two
      const client = agentz.client(ups[n % 2] as (typeof ups)[number])
      return client.workflow.start.mutate({ source, workingDir })
    })
    runIds.push(...(await Promise.all(starts)).map(({ runId }) => runId))
    const logs = { endpoint: streams.endpoint, workingDir }
    const owners: Record<string, number> = {}
    for (const runId of runIds) {
      await untilStatus(logs, runId, "completed", 120_000)
      const { owner, epoch, steps } = await judged(logs, runId)
      expect(epoch).toBe(1)
      expect(steps.get("first")?.attempts).toHaveLength(1)
      owners[owner?.host ?? ""] = (owners[owner?.host ?? ""] ?? 0) + 1
    }
    expect(journalOf(one.agentz)).toHaveLength(2 * runIds.length)
    // Which of them has more is chance: on a busy machine one may be quicker each time.
    expect(["one", "two"]).toEqual(expect.arrayContaining(Object.keys(owners)))
    console.log(`${runIds.length} runs: ${JSON.stringify(owners)}`)
  },
  300_000,
)

timed(
  "a run of a host that never comes back is left alone until somebody resumes it elsewhere; then it goes on there",
  async () => {
    await using streams = await streamServer()
    await using gone = await onHost("gone", streams)
    await using here = await onHost("here", streams)
    const { workingDir } = gone.agentz
    const source = workflowOf(
      "abandoned",
      witnessed("one"),
      witnessed("two", { seconds: 60, needs: ["one"] }),
      '  - { id: last, kind: transform, value: "{{steps.one.output}}", needs: [two] }',
    )
    const first = await gone.agentz.up()
    const { runId } = await gone.agentz.client(first).workflow.start.mutate({ source, workingDir })
    await untilJournal(gone.agentz, `begin ${runId} two`)
    const logs = { endpoint: streams.endpoint, workingDir }
    const before = await runOf(logs, runId)
    const sessionId = before.steps.get("two")?.attempts.at(-1)?.sessionId
    if (!sessionId) throw new Error("The step has no session.")
    await killHard(first.process)
    for (const run of workersOf(gone.agentz.home).filter(isSame)) await killPid(run)
    const daemon = gone.agentz.daemon(sessionId)
    await killPid(daemon)

    await here.agentz.up()
    await wait(3_000)
    expect(await runOf(logs, runId)).toEqual(before)
    const shown = await here.agentz.run(["workflow", "show", runId])
    expect(shown.stdout).toContain("gone")
    expect(shown.stdout).toContain(`agentz workflow resume ${runId}`)
    const resumed = await here.agentz.run(["workflow", "resume", runId, "--yes"])
    expect(resumed).toMatchObject({ code: 0 })
    const taken = await untilRun(logs, runId, "taken over", ({ owner }) => owner?.host === "here")
    expect(taken.epoch).toBe(2)
    const again = await untilRun(logs, runId, "begun again", ({ steps }) => steps.get("two")?.attempt === 2)
    expect(again.steps.get("two")).toMatchObject({ recoveries: 1, failures: 0 })
    while (timesIn(gone.agentz, `begin ${runId} two`) < 2) await wait(20)
    expect(timesIn(gone.agentz, `begin ${runId} one`)).toBe(1)
    await judged(logs, runId)
    // The host comes back after all: it finds its run taken, and leaves it.
    await gone.agentz.up()
    await wait(3_000)
    expect((await runOf(logs, runId)).owner?.host).toBe("here")
    expect((await runEventsOf(logs, runId)).filter(({ type }) => type === "run_claimed")).toHaveLength(2)
    await here.agentz.run(["workflow", "cancel", runId])
    await untilStatus(logs, runId, "cancelled")
  },
  300_000,
)
