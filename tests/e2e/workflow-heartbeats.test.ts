/**
 * Steps that are silent, daemons that answer nobody, daemons that are gone, and workers that stand still: only what is
 * gone is begun again. `npm run test:workflows` is silent for five minutes and stands still for one.
 */
import { expect } from "vitest"
import { signal } from "#daemon/process/identity"
import { wait } from "#streams/transport"
import { LONG, timed } from "../support/long.ts"
import { Installation, killPid } from "./installation.ts"
import { runEventsOf, runOf, sessionOfStep, startRun, untilRun, untilStatus } from "./workflow-runs.ts"
import { judged, timesIn, untilJournal, witnessed, workflowOf } from "./workflow-witness.ts"

const SILENT_S = LONG ? 300 : 10
const STILL_S = LONG ? 60 : 5
/** Within this long of the end of its daemon a step is begun again, on a machine on which agentz is up within that. */
const AGAIN_WITHIN_MS = 2_500
const USUAL_START_MS = 1_500

timed(
  "a silent step is left alone, one whose daemon stands still is told of, and one whose daemon is gone is begun again",
  async () => {
    await using agentz = await Installation.open({ AGENTZ_IDLE_SECONDS: "5" })
    const from = performance.now()
    const up = await agentz.up()
    const slowness = Math.max(1, (performance.now() - from) / USUAL_START_MS)
    const started = async (seconds: number) => {
      const runId = await startRun(agentz, up, workflowOf("beats", witnessed("only", { seconds })))
      await untilJournal(agentz, `begin ${runId} only`)
      return { runId, daemon: agentz.daemon(sessionOfStep(await runOf(agentz, runId), "only")) }
    }
    const [silent, still, gone] = [await started(SILENT_S), await started(7), await started(600)]

    expect(signal(still.daemon, "SIGSTOP")).toBe(true)
    const killedAt = Date.now()
    await killPid(gone.daemon)
    await untilRun(agentz, gone.runId, "begun again", ({ steps }) => steps.get("only")?.attempt === 2)
    const again = (await runEventsOf(agentz, gone.runId)).findLast(({ type }) => type === "step_start")
    const tookMs = Date.parse(again?.at ?? "") - killedAt
    expect(tookMs).toBeLessThan(AGAIN_WITHIN_MS * slowness)
    while (timesIn(agentz, `begin ${gone.runId} only`) < 2) await wait(20)
    expect((await runOf(agentz, gone.runId)).steps.get("only")).toMatchObject({ failures: 0, recoveries: 1 })

    const stalled = await untilRun(
      agentz,
      still.runId,
      "stalled",
      ({ steps }) => steps.get("only")?.stalledSince !== null,
    )
    const silentMs = Date.now() - Date.parse(stalled.steps.get("only")?.stalledSince ?? "")
    expect(silentMs).toBeGreaterThanOrEqual(3_900)
    const monitored = await agentz.run(["workflow", "show", still.runId, "--json"])
    expect(JSON.parse(monitored.stdout).run.steps[0].stalledSince).not.toBeNull()
    expect(signal(still.daemon, "SIGCONT")).toBe(true)
    await untilStatus(agentz, still.runId, "completed")
    await untilStatus(agentz, silent.runId, "completed", SILENT_S * 1_000 + 60_000)
    for (const { runId } of [still, silent]) {
      const run = await judged(agentz, runId)
      expect(run.steps.get("only")).toMatchObject({ attempt: 1, recoveries: 0, stalledSince: null })
    }
    const ofSilent = (await runEventsOf(agentz, silent.runId)).map(({ type }) => type)
    expect(ofSilent).not.toContain("step_stalled")
    await agentz.client(up).workflow.cancel.mutate({ runId: gone.runId })
    await untilStatus(agentz, gone.runId, "cancelled")
    console.log(
      `begun again ${tookMs} ms after its daemon was killed; told of after ${silentMs} ms of silence`,
    )
  },
  480_000,
)

timed(
  `whoever looks after steps stands still for ${STILL_S} s, and then the store: nothing is taken for dead`,
  async () => {
    await using agentz = await Installation.open({ AGENTZ_IDLE_SECONDS: "5" })
    const up = await agentz.up()
    const source = workflowOf("still", witnessed("only", { seconds: 2 * STILL_S + 2 }))
    const runId = await startRun(agentz, up, source)
    await untilJournal(agentz, `begin ${runId} only`)
    const lookers = [...agentz.workers(), up].map(({ pid }) => pid)
    const server = agentz.streamServer()
    if (server === null) throw new Error("No stream server runs.")
    for (const pids of [lookers, [server.pid]]) {
      for (const pid of pids) process.kill(pid, "SIGSTOP")
      await wait(STILL_S * 1_000)
      for (const pid of pids) process.kill(pid, "SIGCONT")
    }
    await untilStatus(agentz, runId, "completed", STILL_S * 3_000 + 60_000)
    const run = await judged(agentz, runId)
    expect(run.steps.get("only")).toMatchObject({ attempt: 1, recoveries: 0, failures: 0 })
    expect(timesIn(agentz, `begin ${runId} only`)).toBe(1)
  },
  300_000,
)
