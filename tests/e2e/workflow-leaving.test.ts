/**
 * Runs that are paused, interrupted and cancelled while steps of them run and processes die: what a person asked for
 * comes about once, and a run has one end. `npm run test:workflows` makes more races, `SEED=…` repeats them.
 */
import { expect } from "vitest"
import type { RunId } from "#streams/ids"
import { wait } from "#streams/transport"
import { LONG, timed } from "../support/long.ts"
import { seeded } from "../support/seeded.ts"
import { Installation, markedProcesses } from "./installation.ts"
import { killApiAndWorkers, runOf, sessionOfStep, startRun, untilRun, untilStatus } from "./workflow-runs.ts"
import { expectTold, judged, timesIn, untilJournal, witnessed, workflowOf } from "./workflow-witness.ts"

const TWO = workflowOf(
  "two",
  witnessed("one", { seconds: 2 }),
  witnessed("two", { seconds: 0.2, needs: ["one"] }),
)
/** Its first step would outlast the test. */
const ENDLESS = workflowOf(
  "endless",
  witnessed("one", { seconds: 600 }),
  witnessed("two", { needs: ["one"] }),
)

timed(
  "a pause holds over a crash; what ran is finished, nothing else begins, and it goes on where it stood",
  async () => {
    await using agentz = await Installation.open({ AGENTZ_IDLE_SECONDS: "5" })
    let up = await agentz.up()
    const runId = await startRun(agentz, up, TWO)
    await untilJournal(agentz, `begin ${runId} one`)
    await agentz.client(up).workflow.pause.mutate({ runId })
    await killApiAndWorkers(agentz, up)
    up = await agentz.up()
    await untilStatus(agentz, runId, "paused")
    expect((await judged(agentz, runId)).steps.get("one")).toMatchObject({ status: "completed", attempt: 1 })
    await killApiAndWorkers(agentz, up)
    up = await agentz.up()
    // Whoever looks after runs has looked at this one, too.
    await wait(1_500)
    expect(timesIn(agentz, `begin ${runId} two`)).toBe(0)
    await agentz.client(up).workflow.resume.mutate({ runId })
    await untilStatus(agentz, runId, "completed")
    const run = await judged(agentz, runId)
    expect(timesIn(agentz, `begin ${runId} one`)).toBe(1)
    expect(timesIn(agentz, `begin ${runId} two`)).toBe(1)
    await expectTold(agentz, up, run)
  },
  180_000,
)

timed(
  "a pause that interrupts ends what runs, which is no failure of it; a cancellation ends it for good, crash or not",
  async () => {
    await using agentz = await Installation.open({ AGENTZ_IDLE_SECONDS: "5" })
    let up = await agentz.up()
    const runId = await startRun(agentz, up, ENDLESS)
    await untilJournal(agentz, `begin ${runId} one`)
    const first = sessionOfStep(await runOf(agentz, runId), "one")
    expect(markedProcesses(first).length).toBeGreaterThan(0)
    await agentz.client(up).workflow.pause.mutate({ runId, interrupt: true })
    await killApiAndWorkers(agentz, up)
    up = await agentz.up()
    const paused = await untilStatus(agentz, runId, "paused")
    expect(paused.steps.get("one")).toMatchObject({ status: "pending", failures: 0, recoveries: 0 })
    expect(markedProcesses(first)).toEqual([])

    await agentz.client(up).workflow.resume.mutate({ runId })
    const again = await untilRun(
      agentz,
      runId,
      "at its second attempt",
      ({ steps }) => steps.get("one")?.attempt === 2,
    )
    const second = sessionOfStep(again, "one")
    expect(second).not.toBe(first)
    while (timesIn(agentz, `begin ${runId} one`) < 2) await wait(20)
    await agentz.client(up).workflow.cancel.mutate({ runId, reason: "enough" })
    await killApiAndWorkers(agentz, up)
    up = await agentz.up()
    await untilStatus(agentz, runId, "cancelled")
    const run = await judged(agentz, runId)
    expect(run.steps.get("one")?.attempts.map(({ outcome }) => outcome)).toEqual(["interrupted", "failed"])
    expect(run.cancelReason).toBe("enough")
    expect(markedProcesses(second)).toEqual([])
    expect(timesIn(agentz, `end ${runId} one`)).toBe(0)
    await expectTold(agentz, up, run)
  },
  180_000,
)

timed(
  "cancelled at any moment, a run has one end, and all that look at it see the same one",
  async () => {
    const random = seeded("workflow/cancel races")
    const [rounds, atOnce] = LONG ? [25, 8] : [1, 8]
    await using agentz = await Installation.open({ AGENTZ_IDLE_SECONDS: "5" })
    const up = await agentz.up()
    const { workflow } = agentz.client(up)
    const source = workflowOf(
      "race",
      witnessed("only", { seconds: 0.2 }),
      '  - { id: last, kind: transform, value: "{{steps.only.output}}" }',
    )
    const from = performance.now()
    const calm = Array.from({ length: atOnce }, () => startRun(agentz, up, source))
    for (const runId of await Promise.all(calm)) await untilStatus(agentz, runId, "completed")
    /** As many as that take so long when nobody cancels them: at any moment of it they are cancelled. */
    const usualMs = performance.now() - from
    const ends = new Map<string, number>()
    const race = async () => {
      const runId = await startRun(agentz, up, source)
      await wait(random.next() * usualMs)
      // Of a run that is completed it is refused; nothing else may be.
      const refusal = await workflow.cancel.mutate({ runId }).then(
        () => null,
        (error: Error) => error.message,
      )
      const { status } = await untilRun(
        agentz,
        runId,
        "over, and the cancellation answered",
        (run) => isOver(run) && (refusal !== null || run.taken.size > 0),
      )
      if (refusal !== null) expect(status, refusal).toBe("completed")
      const run = await judged(agentz, runId)
      await expectTold(agentz, up, run)
      if (status === "completed") expect(timesIn(agentz, `end ${runId} only`)).toBe(1)
      ends.set(status, (ends.get(status) ?? 0) + 1)
      return runId
    }
    const runIds: RunId[] = []
    for (let round = 0; round < rounds; round++)
      runIds.push(...(await Promise.all(Array.from({ length: atOnce }, race))))
    const before = await Promise.all(runIds.map((runId) => runOf(agentz, runId)))
    // Nobody says anything of them any more, also not who comes after a crash.
    await killApiAndWorkers(agentz, up)
    await agentz.up()
    await wait(1_500)
    expect(await Promise.all(runIds.map((runId) => runOf(agentz, runId)))).toEqual(before)
    console.log(`ends: ${JSON.stringify(Object.fromEntries(ends))}`)
  },
  600_000,
)

const isOver = ({ status }: { readonly status: string }) => status === "completed" || status === "cancelled"
