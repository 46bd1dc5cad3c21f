import { setImmediate } from "node:timers/promises"
import { expect, test } from "vitest"
import { progressOf, progressWriter } from "#src/workflows/worker/progress"
import { RunId } from "#streams/ids"
import { START } from "#streams/stream"
import type { ProgressRow } from "#streams/workflow/registry"
import { emptyRun } from "#streams/workflow/run"

const row = (name: string, status: ProgressRow["status"], tokens = 0): ProgressRow => ({
  ...progressOf(emptyRun(RunId.parse(`run_${name}`)), { inboxOffset: START, wakeAt: null }),
  status,
  tokens,
})

/** A writer, and what it sent: the runs of each append with their tokens. */
function writer() {
  const sent: string[][] = []
  const progress = progressWriter(
    async (rows) => {
      sent.push(
        (rows as { key: string; value: ProgressRow }[]).map(({ key, value }) => `${key} ${value.tokens}`),
      )
    },
    {
      onError: (error) => {
        throw error
      },
    },
  )
  return { progress, sent }
}

test("the first change is told at once, those after it together and only as they are then", async () => {
  const { progress, sent } = writer()
  progress.changed(row("a", "running", 1))
  progress.changed(row("a", "running", 1))
  for (let tokens = 2; tokens < 10; tokens++) progress.changed(row("a", "running", tokens))
  progress.changed(row("b", "running", 5))
  await progress.flushed()
  expect(sent).toEqual([["run_a 1"], ["run_a 9", "run_b 5"]])
})

test("an end waits for nothing but the append that is under way", async () => {
  const { progress, sent } = writer()
  progress.changed(row("a", "running", 1))
  await Promise.resolve()
  progress.changed(row("b", "completed"))
  await setImmediate()
  expect(sent).toEqual([["run_a 1"], ["run_b 0"]])
})
