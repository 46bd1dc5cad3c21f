/**
 * kill -9 at each place where something of a run is made durable: before the store has it, when it is on the disk and
 * nobody knows, and when its writer knows. Whoever wrote it dies there, and no step is done twice for that. Some of
 * the places by chance here; `npm run test:workflows` goes to all of them, `SEED=…` repeats a choice.
 */
import { expect, test } from "vitest"
import { isSame } from "#daemon/process/identity"
import { RunId } from "#streams/ids"
import { wait } from "#streams/transport"
import { appendGate, type Moment } from "../support/append-gate.ts"
import { LONG } from "../support/long.ts"
import { seeded } from "../support/seeded.ts"
import { streamServer } from "../support/stream-server.ts"
import { Installation, killHard, killPid } from "./installation.ts"
import { killWorkers, sessionOfStep, startRun, untilStatus } from "./workflow-runs.ts"
import { expectTold, judged, timesIn, witnessed, workflowOf } from "./workflow-witness.ts"

const SOURCE = workflowOf(
  "points",
  witnessed("first", { seconds: 0.3 }),
  '  - { id: last, kind: transform, value: "{{steps.first.output}} is done" }',
)

type Victim = "api" | "worker" | "daemon"

const RUN = /^run_\w+\/events$/
const SESSION = /^ses_\w+\/events$/
const says = (type: string) => `"type":"${type}"`

const PLACES: readonly {
  readonly name: string
  readonly stream: RegExp
  readonly says: string
  readonly victim: Victim
}[] = [
  { name: "the run", stream: RUN, says: says("run_created"), victim: "api" },
  { name: "its row", stream: /^__runs__$/, says: says("run"), victim: "api" },
  { name: "the claim", stream: RUN, says: says("run_claimed"), victim: "worker" },
  { name: "the start of a step", stream: RUN, says: says("step_start"), victim: "worker" },
  { name: "the step's message", stream: /^ses_\w+\/inbox$/, says: says("user_message"), victim: "worker" },
  { name: "its session's row", stream: /^__registry__$/, says: says("session"), victim: "worker" },
  { name: "the grant of its daemon", stream: /^ses_\w+\/inbox$/, says: says("starting"), victim: "worker" },
  { name: "its result, and its daemon", stream: SESSION, says: says("turn_ended"), victim: "daemon" },
  { name: "its result, and the worker", stream: SESSION, says: says("turn_ended"), victim: "worker" },
  { name: "its end", stream: RUN, says: says("step_complete"), victim: "worker" },
  { name: "the end of the run", stream: RUN, says: says("workflow_complete"), victim: "worker" },
  { name: "the row of its progress", stream: /^__runs__$/, says: says("progress"), victim: "worker" },
]
const MOMENTS: readonly Moment[] = ["before", "after", "answered"]
const ALL = PLACES.flatMap((place) => MOMENTS.map((moment) => ({ ...place, moment })))
const IN_SHORT = 6

test("whoever is killed where something is made durable: every step is done, and none is begun twice", async () => {
  const random = seeded("workflow/commit points")
  const shuffled = ALL.map((point) => ({ point, key: random.next() })).sort((a, b) => a.key - b.key)
  const chosen = shuffled.slice(0, LONG ? ALL.length : IN_SHORT)
  await using streams = await streamServer()
  await using gate = await appendGate(streams.at.url)
  await using agentz = await Installation.open({
    AGENTZ_STREAMS_URL: gate.url,
    AGENTZ_STREAMS_TOKEN: streams.at.token ?? "",
    AGENTZ_IDLE_SECONDS: "5",
  })
  // What is read here comes from the store itself.
  const logs = { endpoint: streams.endpoint, workingDir: agentz.workingDir }
  let up = await agentz.up()
  const start = (key: string) => startRun(agentz, up, SOURCE, { idempotencyKey: key })

  for (const [index, { point }] of chosen.entries()) {
    const { name, victim, moment } = point
    const at = `killed the ${victim}: ${name}, ${moment}`
    const reached = gate.hold(point)
    const key = `point ${index}`
    const starting = start(key).catch(() => null)
    const held = await Promise.race([reached, wait(30_000).then(() => null)])
    if (held === null) throw new Error(`Never reached: ${at}`)
    if (victim === "api") {
      await killHard(up.process)
      held.drop()
      await starting
      up = await agentz.up()
      await start(key)
    } else if (victim === "worker") {
      await killWorkers(agentz)
      held.drop()
    }
    const runId = RunId.parse(victim === "api" ? await start(key) : await starting)
    if (victim === "daemon") {
      const sessionId = sessionOfStep(await judged(logs, runId), "first")
      const daemon = agentz.daemonIfAny(sessionId)
      if (daemon !== null && isSame(daemon)) await killPid(daemon)
      held.drop()
    }
    await untilStatus(logs, runId, "completed", 60_000)
    const run = await judged(logs, runId)
    expect(run.output, at).toEqual({ type: "value", value: "first is done" })
    expect(timesIn(agentz, `begin ${runId} first`), at).toBe(1)
    expect(run.steps.get("first")?.attempts, at).toHaveLength(1)
    await expectTold(agentz, up, run)
  }
  console.log(chosen.map(({ point: { name, moment, victim } }) => `${name} ${moment} (${victim})`).join("; "))
}, 600_000)
