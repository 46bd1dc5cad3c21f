/**
 * Workers that hold the same runs: one that was stopped for longer than anybody waits and wakes up, workers of two
 * hosts on one store, and a host that never comes back.
 */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect } from "vitest"
import { signal } from "#daemon/process/identity"
import type { RunId } from "#streams/ids"
import { wait } from "#streams/transport"
import { LONG, timed } from "../support/long.ts"
import { streamServer } from "../support/stream-server.ts"
import { onHost } from "./hosts.ts"
import { Installation, killPid } from "./installation.ts"
import {
  killApiAndWorkers,
  runEventsOf,
  runOf,
  sessionOfStep,
  startRun,
  untilRun,
  untilStatus,
  workerOf,
} from "./workflow-runs.ts"
import {
  journalOf,
  judged,
  timesIn,
  toldOf,
  untilJournal,
  witnessed,
  workflowOf,
} from "./workflow-witness.ts"

timed(
  "a worker that is woken after another one took its runs is refused, also where the store was killed in between",
  async () => {
    await using agentz = await Installation.open({ AGENTZ_IDLE_SECONDS: "8" })
    const up = await agentz.up()
    const source = workflowOf(
      "zombie",
      witnessed("one", { until: "go" }),
      witnessed("two", { seconds: 1, needs: ["one"] }),
      witnessed("three", { needs: ["two"] }),
    )
    const runIds: RunId[] = []
    for (let n = 0; n < (LONG ? 20 : 3); n++) runIds.push(await startRun(agentz, up, source))
    for (const runId of runIds) await untilJournal(agentz, `begin ${runId} one`)
    const old = await workerOf(agentz)
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
    const { workingDir } = one.agentz
    const runIds: RunId[] = []
    const starters: (() => Promise<RunId>)[] = []
    for (const { agentz } of [one, two]) {
      const up = await agentz.up()
      const start = () => startRun(agentz, up, source, { workingDir })
      // One run on each, so that both have a worker before the race begins.
      runIds.push(await start())
      await workerOf(agentz)
      starters.push(start)
    }
    const race = Array.from({ length: RUNS / 2 }, () => starters.map((start) => start()))
    runIds.push(...(await Promise.all(race.flat())))
    const logs = one.agentz
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
    const source = workflowOf(
      "abandoned",
      witnessed("one"),
      witnessed("two", { seconds: 60, needs: ["one"] }),
      '  - { id: last, kind: transform, value: "{{steps.one.output}}", needs: [two] }',
    )
    const first = await gone.agentz.up()
    const runId = await startRun(gone.agentz, first, source)
    await untilJournal(gone.agentz, `begin ${runId} two`)
    const logs = gone.agentz
    const before = await runOf(logs, runId)
    await killApiAndWorkers(gone.agentz, first)
    await killPid(gone.agentz.daemon(sessionOfStep(before, "two")))

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

timed(
  "cancelling a run of a host that never comes back ends it, and says of each session whether anybody saw it end",
  async () => {
    await using streams = await streamServer()
    await using gone = await onHost("gone", streams)
    await using here = await onHost("here", streams)
    const logs = gone.agentz
    const first = await gone.agentz.up()
    /** A run with one step that goes on until it is ended, and the session that this is. */
    const begun = async (name: string) => {
      const source = workflowOf(name, witnessed("only", { seconds: 600 }))
      const runId = await startRun(gone.agentz, first, source)
      await untilJournal(gone.agentz, `begin ${runId} only`)
      return { runId, sessionId: sessionOfStep(await runOf(logs, runId), "only") }
    }
    const deaf = await begun("deaf")
    const hearing = await begun("hearing")
    await killApiAndWorkers(gone.agentz, first)
    await killPid(gone.agentz.daemon(deaf.sessionId))
    const left = await gone.agentz.session(deaf.sessionId)

    await here.agentz.up()
    for (const { runId } of [deaf, hearing]) await here.agentz.run(["workflow", "cancel", runId])
    const [unseen, seen] = await Promise.all(
      [deaf, hearing].map(({ runId }) => untilStatus(logs, runId, "cancelled")),
    )
    expect(seen?.steps.get("only")?.error).toMatchObject({ code: "step_cancelled" })
    expect((await gone.agentz.session(hearing.sessionId)).status).toBe("cancelled")
    const error = unseen?.steps.get("only")?.error
    expect(error).toMatchObject({ code: "end_not_seen", class: "cancelled" })
    expect(error?.message).toContain(
      `Nobody saw it end: the host gone, which holds its session ${deaf.sessionId}, was last heard of at ${left.updatedAt}`,
    )
    expect(await gone.agentz.session(deaf.sessionId)).toEqual(left)
    const shown = await here.agentz.run(["workflow", "show", deaf.runId])
    expect(shown.stdout).toContain("Nobody saw it end: the host gone")

    // Whoever can tell does, once that host is back. The run keeps the end that it has.
    await gone.agentz.up()
    await gone.agentz.until(deaf.sessionId, "told of", ({ status }) => status === "interrupted")
    for (const { runId } of [deaf, hearing]) {
      const { status, steps } = await judged(logs, runId)
      expect([status, steps.get("only")?.attempts.length]).toEqual(["cancelled", 1])
    }
  },
  300_000,
)
