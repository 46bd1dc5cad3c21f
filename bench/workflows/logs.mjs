// The log of a run by itself, on the engine: saving a step, and reading a run from its log.
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { changingTogether } from "../../dist/src/changing-together.js"
import { localSend } from "../../dist/src/local-send.js"
import { claimRun, createRun, readRun, unreadRun } from "../../dist/src/workflows/run-log.js"
import { newRunId } from "../../dist/streams/ids.js"
import { advance, stamped } from "../../dist/streams/workflow/advance.js"
import { UNLIMITED } from "../../dist/streams/workflow/plan.js"
import { readDefinition } from "../../dist/streams/workflow/read.js"
import { quantile } from "../figures.mjs"
import { startServer, TOKEN } from "../servers.mjs"
import { MANY } from "./sizes.mjs"

const SAVES_ALONE = 300
const SAVES_OF_EACH = 30
/** Rounds that are not counted: the code of both sides is compiled in them. */
const UNCOUNTED = 5
const LOADS = 20

const created = (yaml, inputs = {}) => {
  const { definition } = readDefinition(yaml)
  return { type: "run_created", definition, inputs, workingDir: "/", startedBy: "user" }
}
const WAITING = created("name: saves\nsteps: [{ id: a, kind: command, command: [x] }]")

/** A run that is a map of so many items, two events each. */
const mapOf = (items) =>
  created(
    `
name: loads
inputs: { list: { type: list } }
steps:
  - { id: m, kind: map, over: inputs.list, step: { kind: transform, value: "{{item}}" } }`,
    { list: Array.from({ length: items }, (_, n) => `item ${n}`) },
  )

export async function measureLogs(dir, say) {
  const data = join(dir, "logs")
  mkdirSync(data, { mode: 0o700 })
  const server = await startServer("engine", data)
  const endpoint = () => ({ url: `http://127.0.0.1:${server.port}${server.root}`, token: TOKEN })
  // As a worker has it.
  const patience = { send: localSend() }
  const access = { ...patience, change: changingTogether(endpoint, patience) }
  const claimed = async (first) => {
    const runId = newRunId()
    await createRun(endpoint, runId, { ...access, events: [first] })
    const log = await claimRun(endpoint, await readRun(endpoint, unreadRun(runId), patience), access)
    if (log === null) throw new Error("Nobody else claims it.")
    return log
  }
  const save = async (log) => {
    const attempt = { stepId: "a", generation: 0, attempt: log.run.n + 1 }
    const events = [
      { type: "step_start", ...attempt },
      { type: "step_complete", ...attempt, output: "done" },
    ]
    const started = performance.now()
    await log.append(stamped(log.run, events, Date.now()))
    return performance.now() - started
  }
  const p95 = (values) => quantile(values, 0.95)
  try {
    say("agentz: saving a step")
    const one = await claimed(WAITING)
    const alone = []
    for (let turn = 0; turn < SAVES_ALONE; turn++) alone.push(await save(one))
    const many = await Promise.all(Array.from({ length: MANY }, () => claimed(WAITING)))
    const together = []
    for (let turn = 0; turn < SAVES_OF_EACH; turn++) together.push(...(await Promise.all(many.map(save))))

    say("agentz: loading runs")
    const loads = {}
    for (const events of [200, 10_000]) {
      const log = await claimed(mapOf(events / 2 - 3))
      const now = { now: Date.now(), random: Math.random, room: UNLIMITED, blobs: new Map() }
      await log.append(advance(log.run, [], now).events)
      const { runId } = log.run
      const times = []
      for (let turn = 0; turn < LOADS; turn++) {
        const started = performance.now()
        await readRun(endpoint, unreadRun(runId), patience)
        times.push(performance.now() - started)
      }
      loads[events] = { p95: p95(times), events: log.run.n + 2 }
    }
    return {
      saveP95: p95(alone.slice(50)),
      saveManyP95: p95(together.slice(MANY * UNCOUNTED)),
      load200P95: loads[200].p95,
      load10000P95: loads[10_000].p95,
    }
  } finally {
    await server.end()
  }
}
