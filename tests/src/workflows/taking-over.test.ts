import { expect, test } from "vitest"
import { mayTakeOver } from "#src/workflows/worker/taking-over"
import { unanswered } from "#src/workflows/worker/unanswered"
import { CommandId, RunId } from "#streams/ids"
import type { RunCommand } from "#streams/workflow/command"
import type { RunEntry } from "#streams/workflow/registry"
import { defined, worldOf } from "../../support/workflow-world.ts"

const ONE = defined("name: one\nsteps:\n  - { id: only, kind: command, command: [x] }\n")
const [SOON, LATE] = [14_000, 16_000]

const command = (type: "resume" | "cancel" | "signal"): RunCommand =>
  ({
    type,
    at: "",
    commandId: CommandId.parse("cmd_a"),
    ...(type === "signal" && { name: "x" }),
  }) as RunCommand

test.each(["resume", "cancel"] as const)(
  "a run of a host that does not answer is taken over where somebody says %s, and not before it is overdue",
  (type) => {
    const { run } = worldOf(ONE)
    expect(mayTakeOver(run, [command(type)], SOON)).toBe(false)
    expect(mayTakeOver(run, [command(type)], LATE)).toBe(true)
    expect(mayTakeOver({ ...run, taken: new Set([CommandId.parse("cmd_a")]) }, [command(type)], LATE)).toBe(
      false,
    )
  },
)

test("what else is asked of it waits for its host while something may run there, and does not once it is at rest", () => {
  const world = worldOf(ONE)
  expect(mayTakeOver(world.run, [command("signal")], LATE)).toBe(false)
  world.ask({ type: "pause", interrupt: true })
  expect(world.run.status).toBe("paused")
  expect(mayTakeOver(world.run, [command("signal")], LATE)).toBe(true)
})

test("how long something waits is counted from when it was seen, anew for what is asked next, and not past its answer", () => {
  let now = 0
  const waiting = unanswered(() => now)
  const runId = RunId.parse("run_a")
  const entry = (asked: string, taken: string) =>
    ({ runId, asked, progress: { inboxOffset: taken } }) as RunEntry
  waiting.seen(entry("1", ""))
  now = 5
  waiting.seen(entry("1", ""))
  expect(waiting.forMs(runId)).toBe(5)
  expect([waiting.within(6), waiting.within(5)]).toEqual([true, false])
  waiting.seen(entry("2", "1"))
  expect(waiting.forMs(runId)).toBe(0)
  now = 9
  waiting.seen(entry("2", "2"))
  expect(waiting.forMs(runId)).toBe(0)
  expect(waiting.within(100)).toBe(false)
})
