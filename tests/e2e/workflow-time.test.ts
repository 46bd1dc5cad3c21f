/** Pauses before another attempt, waits and limits, over kills and over jumps of the clock on the wall. */
import { expect } from "vitest"
import { isSame } from "#daemon/process/identity"
import { wait } from "#streams/transport"
import type { RunEvent, RunEventOf } from "#streams/workflow/event"
import { jumpingClocks } from "../support/jumping-clocks.ts"
import { timed } from "../support/long.ts"
import { Installation, killPid } from "./installation.ts"
import {
  killApiAndWorkers,
  killWorkers,
  runEventsOf,
  sessionOfStep,
  startRun,
  untilRun,
  untilStatus,
  untilStep,
} from "./workflow-runs.ts"
import { judged, timesIn, witnessed, workflowOf } from "./workflow-witness.ts"

const HOUR_MS = 3_600_000

const eventsOf = <Type extends RunEvent["type"]>(events: readonly RunEvent[], type: Type, stepId: string) =>
  events.filter(
    (event): event is RunEventOf<Type> => event.type === type && "stepId" in event && event.stepId === stepId,
  )

timed(
  "an attempt is due when its log says, also over a kill of everybody who could begin it; what cannot be mended is not tried",
  async () => {
    await using agentz = await Installation.open({ AGENTZ_IDLE_SECONDS: "5" })
    let up = await agentz.up()
    const source = workflowOf(
      "again",
      witnessed("fails", {
        fails: true,
        more: "retry: { attempts: 3, delay: 3s, maxDelay: 3s }, onFailure: continue",
      }),
      "  - { id: missing, kind: command, command: no-such-program-here, onFailure: continue }",
    )
    const runId = await startRun(agentz, up, source)
    for (const attempt of [1, 2]) {
      await untilRun(
        agentz,
        runId,
        `failed ${attempt} times`,
        ({ steps }) => (steps.get("fails")?.failures ?? 0) >= attempt,
      )
      await killApiAndWorkers(agentz, up)
      if (attempt === 2) await wait(3_500)
      up = await agentz.up()
    }
    await untilStatus(agentz, runId, "completed")
    const run = await judged(agentz, runId)
    const events = await runEventsOf(agentz, runId)
    const failed = eventsOf(events, "step_failed", "fails")
    const begun = eventsOf(events, "step_start", "fails")
    expect(failed.map(({ retryAt }) => retryAt !== undefined)).toEqual([true, true, false])
    expect(begun).toHaveLength(3)
    for (const [index, { retryAt = "", at }] of failed.slice(0, 2).entries()) {
      const due = Date.parse(retryAt)
      expect(due - Date.parse(at)).toBeLessThanOrEqual(3_000)
      expect(Date.parse(begun[index + 1]?.at ?? "")).toBeGreaterThanOrEqual(due)
    }
    expect(run.steps.get("fails")).toMatchObject({ status: "failed", failures: 3, recoveries: 0 })
    expect(run.steps.get("missing")).toMatchObject({ attempt: 1, error: { class: "missing_cli" } })
    expect(timesIn(agentz, `begin ${runId} fails`)).toBe(3)
  },
  120_000,
)

timed(
  "a step whose service refuses it waits until that is over, whoever is killed meanwhile, and is the same attempt",
  async () => {
    await using agentz = await Installation.open({ AGENTZ_IDLE_SECONDS: "5" })
    const up = await agentz.up()
    const source = `
name: limited
steps:
  - id: ask
    kind: agent
    agent: demo
    mode: bypass
    prompt: '[[error status=402 message="The plan is used up." reset=6]] [[bash cmd="echo ran >> once.txt"]] [[say text=finished]]'
`
    const runId = await startRun(agentz, up, source)
    const waiting = await untilStep(agentz, { runId, stepId: "ask" }, "waiting")
    expect(waiting.steps.get("ask")?.waitingFor).toMatchObject({ type: "limit", until: expect.any(String) })
    await killWorkers(agentz)
    const daemon = agentz.daemonIfAny(sessionOfStep(waiting, "ask"))
    if (daemon !== null && isSame(daemon)) await killPid(daemon)
    await untilStatus(agentz, runId, "completed")
    const run = await judged(agentz, runId)
    expect(run.output).toEqual({ type: "value", value: expect.stringContaining("finished") })
    expect(run.steps.get("ask")?.attempts).toHaveLength(1)
  },
  120_000,
)

timed(
  "a jump of the clock by an hour neither ends a wait, a pause or a step early nor holds it up",
  async () => {
    await using clocks = await jumpingClocks()
    await using agentz = await Installation.open({ ...clocks.env, AGENTZ_IDLE_SECONDS: "30" })
    const up = await agentz.up()
    const source = workflowOf(
      "jumps",
      witnessed("runs", { seconds: 5, more: "timeout: 30m" }),
      "  - { id: waits, kind: wait, for: 5s }",
      "  - { id: again, kind: command, command: 'test -e ok-$RUN || { touch ok-$RUN; exit 1; }', env: { RUN: \"{{run.id}}\" }, retry: { attempts: 2, delay: 4s } }",
    )
    for (const ms of [HOUR_MS, -HOUR_MS]) {
      const runId = await startRun(agentz, up, source)
      await untilRun(agentz, runId, "failed once", ({ steps }) => steps.get("again")?.failures === 1)
      await untilStep(agentz, { runId, stepId: "runs" }, "running")
      const from = performance.now()
      clocks.set("api", ms)
      clocks.set("daemon", ms)
      await untilStatus(agentz, runId, "completed", 60_000)
      // Not at once, as if an hour had passed.
      expect(performance.now() - from).toBeGreaterThan(1_000)
      const run = await judged(agentz, runId)
      expect(run.steps.get("runs")?.attempts).toHaveLength(1)
      expect(run.steps.get("again")?.attempts).toHaveLength(2)
      expect(timesIn(agentz, `begin ${runId} runs`)).toBe(1)
      clocks.set("api", 0)
      clocks.set("daemon", 0)
    }
  },
  180_000,
)
