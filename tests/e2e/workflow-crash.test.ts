/**
 * Runs under kill -9 of the API, of workers, and of everything at once. A short run here; `npm run test:workflows` is
 * longer, `SEED=…` repeats one.
 */
import { expect } from "vitest"
import type { RunId } from "#streams/ids"
import { wait } from "#streams/transport"
import type { Run } from "#streams/workflow/run"
import { LONG, timed } from "../support/long.ts"
import { seeded } from "../support/seeded.ts"
import { Installation, killHard, killPid } from "./installation.ts"
import {
  killApiAndWorkers,
  sessionOfStep,
  startRun,
  untilRun,
  untilStatus,
  untilStep,
} from "./workflow-runs.ts"
import {
  expectTold,
  journalOf,
  judged,
  timesIn,
  toldOf,
  untilJournal,
  witnessed,
  workflowOf,
} from "./workflow-witness.ts"

const RUNS = LONG ? 100 : 8
const KILLS = LONG ? 20 : 4

/** A step that takes its time in the middle, and two before and after it that take none. */
const SOURCE = workflowOf(
  "witnessed",
  witnessed("first"),
  witnessed("long", { seconds: LONG ? 60 : 6, needs: ["first"] }),
  '  - { id: last, kind: transform, value: "{{steps.first.output}} {{steps.long.output}}" }',
)

const isOver = ({ status }: Run): boolean => status !== "pending" && status !== "running"
const WELL = { status: "completed", log: [] }

timed(
  `${RUNS} runs in flight, API and worker killed ${KILLS} times: all finish and no step is begun twice`,
  async () => {
    const random = seeded("workflow crash")
    await using agentz = await Installation.open({ AGENTZ_IDLE_SECONDS: "5" })
    let up = await agentz.up()
    const runIds: RunId[] = []
    for (let n = 0; n < RUNS; n++)
      runIds.push(await startRun(agentz, up, SOURCE, { idempotencyKey: `run ${n}` }))
    while (!journalOf(agentz).some((line) => line.startsWith("begin") && line.endsWith("long")))
      await wait(50)
    for (let kill = 0; kill < KILLS; kill++) {
      const [worker] = agentz.workers()
      if (worker && random.next() < 0.8) await killPid(worker)
      if (random.next() < 0.8 || !worker) {
        await killHard(up.process)
        up = await agentz.up()
      }
      await wait(random.next() * 1_500)
    }
    let claims = 0
    for (const runId of runIds) {
      const { status } = await untilRun(agentz, runId, "at its end", isOver, 300_000)
      expect({ status, log: status === "completed" ? [] : await toldOf(agentz, runId) }).toEqual(WELL)
      const begun = journalOf(agentz).filter((line) => line.startsWith(`begin ${runId} `)).length
      expect(begun === 2 ? [] : await toldOf(agentz, runId)).toEqual([])
      const run = await judged(agentz, runId)
      expect(run.output).toEqual({ type: "value", value: "first long" })
      await expectTold(agentz, up, run)
      claims = Math.max(claims, run.epoch)
    }
    const wanted = runIds.flatMap((runId) =>
      ["first", "long"].flatMap((step) => [`begin ${runId} ${step}`, `end ${runId} ${step}`]),
    )
    expect([...journalOf(agentz)].sort()).toEqual(wanted.sort())
    console.log(`claims per run: up to ${claims}; ${wanted.length} lines in the journal, none twice`)
  },
  600_000,
)

timed(
  "everything killed at once: what was in flight is run again once, and what was done is not",
  async () => {
    await using agentz = await Installation.open({ AGENTZ_IDLE_SECONDS: "5" })
    let up = await agentz.up()
    const runId = await startRun(agentz, up, SOURCE)
    await untilJournal(agentz, `begin ${runId} long`)
    const sessionId = sessionOfStep(await untilStep(agentz, { runId, stepId: "long" }, "running"), "long")
    await killApiAndWorkers(agentz, up)
    const server = agentz.streamServer()
    if (server) await killPid(server)
    await killPid(agentz.daemon(sessionId))
    up = await agentz.up()
    await untilStatus(agentz, runId, "completed", 120_000)
    const run = await judged(agentz, runId)
    expect(run.steps.get("long")?.attempts.map(({ outcome }) => outcome)).toEqual(["lost", "completed"])
    expect(run.steps.get("long")).toMatchObject({ failures: 0, recoveries: 1 })
    expect(timesIn(agentz, `begin ${runId} first`)).toBe(1)
    expect(timesIn(agentz, `begin ${runId} long`)).toBe(2)
    expect(timesIn(agentz, `end ${runId} long`)).toBe(1)
  },
  300_000,
)
