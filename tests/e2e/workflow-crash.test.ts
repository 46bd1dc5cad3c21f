/**
 * Runs under kill -9 of the API and of workers. What steps did is told by a witness of their own: each writes a line
 * when it begins and one when it has ended. A short run here; `npm run test:workflows` is longer, `SEED=…` repeats one.
 */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { isSame } from "#daemon/process/identity"
import { workersOf } from "#src/workflows/worker/ensure"
import type { RunId } from "#streams/ids"
import { wait } from "#streams/transport"
import type { RunEvent } from "#streams/workflow/event"
import { seeded } from "../support/seeded.ts"
import { Installation, killHard, killPid } from "./installation.ts"
import { runEventsOf, untilRun } from "./workflow-runs.ts"

const LONG = process.env.AGENTZ_TEST_LONG === "1"
const RUNS = LONG ? 100 : 8
const KILLS = LONG ? 20 : 4
const SECONDS = LONG ? 60 : 6

/** A step that takes its time in the middle, and two before and after it that take none. */
const SOURCE = `
name: witnessed
inputs: { run: { type: string } }
steps:
  - { id: first, kind: command, command: 'echo "begin $RUN first" >> journal; echo "end $RUN first" >> journal; echo one', env: { RUN: "{{inputs.run}}" } }
  - { id: long, kind: command, needs: [first], command: 'echo "begin $RUN long" >> journal; sleep ${SECONDS}; echo "end $RUN long" >> journal; echo two', env: { RUN: "{{inputs.run}}" } }
  - { id: last, kind: transform, value: "{{steps.first.output}} {{steps.long.output}}" }
`

const journalOf = (agentz: Installation): string[] => {
  const file = join(agentz.workingDir, "journal")
  return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : []
}

/** Every transition once, each epoch begun by its claim, nothing said by an owner that lost. */
function checkLog(events: readonly RunEvent[]): void {
  const places = events.map(({ epoch, n }) => epoch * 1_000_000 + n)
  expect(places).toEqual([...places].sort((a, b) => a - b))
  expect(new Set(places).size).toBe(places.length)
  for (const event of events) if (event.epoch > 0 && event.n === 0) expect(event.type).toBe("run_claimed")
}

/** How it came about that a run did something twice: its log, and what its sessions said but for their words. */
async function toldOf(agentz: Installation, runId: RunId): Promise<readonly unknown[]> {
  const log = await runEventsOf(agentz, runId)
  const sessions = new Set(
    log.flatMap((event) => ("sessionId" in event && event.sessionId ? [event.sessionId] : [])),
  )
  const said = await Promise.all(
    [...sessions].map(async (sessionId) =>
      (await agentz.events(sessionId)).filter(({ type }) => !type.startsWith("tool_call_output")),
    ),
  )
  return [...log, ...said.flat()].sort((a, b) => (a.at < b.at ? -1 : 1)).map((event) => JSON.stringify(event))
}

test(`${RUNS} runs in flight, API and worker killed ${KILLS} times: all finish and no step is begun twice`, async () => {
  const random = seeded("workflow crash")
  await using agentz = await Installation.open({ AGENTZ_IDLE_SECONDS: "5" })
  let up = await agentz.up()
  const runs: RunId[] = []
  for (let n = 0; n < RUNS; n++) {
    const start = { source: SOURCE, workingDir: agentz.workingDir, inputs: { run: `r${n}` } }
    runs.push((await agentz.client(up).workflow.start.mutate({ ...start, idempotencyKey: `run ${n}` })).runId)
  }
  while (!journalOf(agentz).some((line) => line.startsWith("begin") && line.endsWith("long"))) await wait(50)
  for (let kill = 0; kill < KILLS; kill++) {
    const worker = workersOf(agentz.home).find(isSame)
    if (worker && random.next() < 0.8) await killPid(worker)
    if (random.next() < 0.8 || !worker) {
      await killHard(up.process)
      up = await agentz.up()
    }
    await wait(random.next() * 1_500)
  }
  for (const runId of runs) {
    const run = await untilRun(agentz, runId, "completed", ({ status }) => status === "completed", 300_000)
    expect(run.output).toEqual({ type: "value", value: "one two" })
    expect(run.illegal).toBe(0)
    checkLog(await runEventsOf(agentz, runId))
  }
  const journal = journalOf(agentz)
  const wanted = runs.flatMap((_, n) =>
    ["first", "long"].flatMap((step) => [`begin r${n} ${step}`, `end r${n} ${step}`]),
  )
  const twice = runs.filter((_, n) => journal.filter((line) => line.includes(`begin r${n} `)).length !== 2)
  expect(await Promise.all(twice.map((runId) => toldOf(agentz, runId)))).toEqual([])
  expect([...journal].sort()).toEqual([...wanted].sort())
  const claims = await Promise.all(
    runs.map(async (runId) => (await runEventsOf(agentz, runId)).at(-1)?.epoch ?? 0),
  )
  console.log(
    `claims per run: up to ${Math.max(...claims)}; ${journal.length} lines in the journal, none twice`,
  )
}, 600_000)

test("everything killed at once: what was in flight is run again once, and what was done is not", async () => {
  await using agentz = await Installation.open({ AGENTZ_IDLE_SECONDS: "5" })
  let up = await agentz.up()
  const start = { source: SOURCE, workingDir: agentz.workingDir, inputs: { run: "r" } }
  const { runId } = await agentz.client(up).workflow.start.mutate(start)
  while (!journalOf(agentz).includes("begin r long")) await wait(50)
  const run = await untilRun(agentz, runId, "at work", ({ steps }) => steps.get("long")?.status === "running")
  const sessionId = run.steps.get("long")?.attempts.at(-1)?.sessionId
  if (!sessionId) throw new Error("The step has no session.")
  await killHard(up.process)
  for (const worker of workersOf(agentz.home)) await killPid(worker)
  const server = agentz.streamServer()
  if (server) await killPid(server)
  await killPid(agentz.daemon(sessionId))
  up = await agentz.up()
  const ended = await untilRun(agentz, runId, "completed", ({ status }) => status === "completed", 120_000)
  expect(ended.steps.get("long")?.attempts.map(({ outcome }) => outcome)).toEqual(["lost", "completed"])
  expect(ended.steps.get("long")).toMatchObject({ failures: 0, recoveries: 1 })
  const journal = journalOf(agentz)
  expect(journal.filter((line) => line === "begin r first")).toHaveLength(1)
  expect(journal.filter((line) => line === "begin r long")).toHaveLength(2)
  expect(journal.filter((line) => line === "end r long")).toHaveLength(1)
}, 300_000)
