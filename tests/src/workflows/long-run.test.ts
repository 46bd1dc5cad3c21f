/** A run of ten thousand events, on the real stream server: it is read whole, soon, and the same however it is read. */
import { expect, test } from "vitest"
import { readRun, unreadRun } from "#src/workflows/run-log"
import { RunId } from "#streams/ids"
import { paths } from "#streams/paths"
import { appendTo, createStream } from "#streams/stream"
import { placeSeqOf } from "#streams/workflow/event"
import { streamServer } from "../../support/stream-server.ts"
import { defined, type World, worldOf } from "../../support/workflow-world.ts"

const EVENTS = 10_000
/** Of a processor, so that nothing else on the machine counts: the store's part is in it, as it runs here too. */
const WITHIN_MS = 500
const ROUNDS = process.env.AGENTZ_TEST_LONG ? 50 : 10

/** Steps that fail for a while, resumed again and again: every attempt stays in the log. */
function longRun(): World {
  const steps = Array.from(
    { length: 200 },
    (_, index) => `  - { id: s${index}, kind: command, command: [x] }`,
  )
  const world = worldOf(defined(["name: long", "steps:", ...steps].join("\n")))
  while (world.log.length < EVENTS) {
    for (const { stepId } of world.open)
      world.end(stepId, { error: { class: "forbidden", message: "x".repeat(60) } })
    world.ask({ type: "resume" })
  }
  world.rest(() => ({ output: "done" }))
  return world
}

test(`a run of ${EVENTS} events is read from its store in ${WITHIN_MS} ms of a processor, as whoever wrote it knew it`, async () => {
  const world = longRun()
  await using server = await streamServer()
  const runId = RunId.parse("run_test")
  await createStream(server.endpoint, paths.runEvents(runId))
  for (let from = 0; from < world.log.length; from += 500) {
    const batch = world.log.slice(from, from + 500)
    const [first] = batch
    if (first)
      await appendTo(server.endpoint, paths.runEvents(runId), batch, { streamSeq: placeSeqOf(first) })
  }
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const began = process.cpuUsage()
    const { run } = await readRun(server.endpoint, unreadRun(runId), {})
    const { user, system } = process.cpuUsage(began)
    times.push((user + system) / 1_000)
    expect(run).toMatchObject({ status: "completed", illegal: 0, epoch: 1, n: world.run.n })
    if (round === 0) expect(run).toEqual(world.run)
  }
  times.sort((a, b) => a - b)
  const median = times[times.length >> 1] ?? Number.POSITIVE_INFINITY
  const longest = Math.round(times.at(-1) ?? 0)
  console.log(
    `${world.log.length} events: median ${Math.round(median)} ms of a processor, at most ${longest}`,
  )
  expect(median).toBeLessThan(WITHIN_MS)
})
