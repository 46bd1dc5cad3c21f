/** A full disk under a run: it is said, nothing is called done that is not on the disk, and the run goes on when there is room. */
import { rmSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { appendTo, createStream } from "#streams/stream"
import { wait } from "#streams/transport"
import { Installation, refusalOf } from "./installation.ts"
import { cannotMount, fillUp, memoryDisk } from "./streams-disk.ts"
import { runEventsOf, startRun, untilStatus } from "./workflow-runs.ts"
import { expectTold, judged, timesIn, untilJournal, witnessed, workflowOf } from "./workflow-witness.ts"

/** Never ends by itself. */
async function filledBy({ endpoint }: Installation, size: number): Promise<void> {
  for (;;) await appendTo(endpoint, "run_ballast/events", ["x".repeat(size)], { forMs: 0 })
}

if (cannotMount) console.log(`left out: ${cannotMount}`)

test.skipIf(cannotMount !== null)(
  "a run whose disk is full stands still and is not completed; with room it goes on, and no step is begun twice",
  async () => {
    using disk = memoryDisk(48)
    await using agentz = await Installation.open({
      AGENTZ_HOME: join(disk.path, "home"),
      AGENTZ_IDLE_SECONDS: "20",
    })
    const up = await agentz.up()
    const source = workflowOf(
      "full",
      witnessed("one", { seconds: 2 }),
      witnessed("two", { needs: ["one"] }),
      '  - { id: last, kind: transform, value: "{{steps.one.output}} {{steps.two.output}}" }',
    )
    const runId = await startRun(agentz, up, source)
    await untilJournal(agentz, `begin ${runId} one`)
    const ballast = join(disk.path, "ballast")
    fillUp(ballast)
    // The engine keeps some room of its own: that is used up as well, to the last of it.
    await createStream(agentz.endpoint, "run_ballast/events", { forMs: 0 }).catch(() => undefined)
    for (const size of [100_000, 10_000, 1_000, 100])
      await expect(filledBy(agentz, size)).rejects.toThrow("disk")
    await untilJournal(agentz, `end ${runId} one`)
    expect(await refusalOf(startRun(agentz, up, source))).toMatchObject({ reason: "storage_full" })
    await wait(2_000)
    // Its end is not on the disk, so nobody says it, and what depends on it has not begun.
    expect((await runEventsOf(agentz, runId)).map(({ type }) => type)).not.toContain("workflow_complete")
    expect(timesIn(agentz, `begin ${runId} two`)).toBe(0)
    rmSync(ballast)
    await untilStatus(agentz, runId, "completed", 60_000)
    const run = await judged(agentz, runId)
    expect(run.output).toEqual({ type: "value", value: "one two" })
    for (const step of ["one", "two"]) expect(timesIn(agentz, `begin ${runId} ${step}`)).toBe(1)
    await expectTold(agentz, up, run)
  },
  180_000,
)
