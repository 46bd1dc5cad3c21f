// What agentz does with workflows: no-op steps alone and many at once, and taking runs up after kills.
import { readToTail } from "../../dist/streams/stream.js"
import { median, quantile, wait } from "../figures.mjs"
import { endHard, installationIn, killIfAlive } from "../installation.mjs"
import { memoryOf } from "../servers.mjs"
import { begunIn, Runs, untilBegun } from "./runs.mjs"
import { IN_FLIGHT, MANY, MOST, ROUNDS, SEQUENTIAL, STEPS } from "./sizes.mjs"

const chain = (name, length) =>
  [
    `name: ${name}`,
    "steps:",
    ...Array.from(
      { length },
      (_, n) => `  - { id: s${n}, kind: transform, value: ${n}${n === 0 ? "" : `, needs: [s${n - 1}]`} }`,
    ),
  ].join("\n")

/** A step that ended before the kill, one in the middle of its work, and one after it. */
const HELD = `
name: held
inputs: { run: { type: string } }
steps:
  - { id: first, kind: transform, value: 1 }
  - { id: long, kind: command, needs: [first], command: 'echo "begin $RUN" >> journal; sleep 300', env: { RUN: "{{run.id}}" } }
  - { id: last, kind: transform, needs: [long], value: 2 }
`

export async function measureAgentz(dir, say) {
  const installation = installationIn(dir)
  let plane = await installation.up()
  const runs = new Runs(installation, () => plane)
  const start = (count, name, inputs = {}) =>
    runs.start(count, { name, inputs, workingDir: installation.workingDir })
  const ended = ({ status }) => status === "completed"
  try {
    await runs.define(chain("chain", SEQUENTIAL))
    await runs.define(chain("few", STEPS))
    await runs.define(chain("one", 1))
    await runs.define(HELD)

    say("agentz: steps one after the other")
    const sequential = []
    for (let round = 0; round <= ROUNDS; round++) {
      const { started } = await start(1, "chain")
      const [{ at }] = await runs.until([started[0].runId], ended)
      sequential.push((at - started[0].at) / SEQUENTIAL)
    }
    const alone = []
    for (let turn = 0; turn < 20; turn++) {
      const { started } = await start(1, "one")
      const [{ at }] = await runs.until([started[0].runId], ended)
      alone.push(at - started[0].at)
    }

    const rounds = []
    for (let round = 0; round <= ROUNDS; round++) {
      say(`agentz: ${MANY} runs of ${STEPS} steps, round ${round}`)
      rounds.push(await together(runs, start, ended))
    }
    const memory = [plane.pid, installation.worker(), installation.streams().pid].map(
      (pid) => memoryOf(pid).pss,
    )

    say(`agentz: ${MOST} runs`)
    const most = await start(MOST, "few")
    const rows = await runs.until(
      most.started.map(({ runId }) => runId),
      ended,
    )
    const recovery = await recover()
    // The first of each is for warming up.
    const [, ...measured] = rounds
    return {
      sequentialMs: median(sequential.slice(1)),
      aloneMs: median(alone.slice(5)),
      stepsPerSecond: median(measured.map(({ perSecond }) => perSecond)),
      workflowP95: median(measured.map(({ p95 }) => p95)),
      pss: memory.reduce((sum, pss) => sum + pss, 0),
      failed: most.failed + (MOST - most.failed - rows.length),
      ...recovery,
    }
  } finally {
    runs.close()
    installation.down()
    await endHard(plane.process)
  }

  async function recover() {
    const { workingDir } = installation
    say(`agentz: ${IN_FLIGHT} steps begin`)
    const { started } = await start(IN_FLIGHT, "held", { run: "x" })
    const ids = started.map(({ runId }) => runId)
    await untilBegun(workingDir, IN_FLIGHT)
    // Daemons that have just started are still at work with themselves.
    await wait(3_000)

    say("agentz: API and worker are killed")
    const recoveryMs = await takenUp(ids, [installation.worker()])
    await wait(2_000)
    const rerunInFlight = begunIn(workingDir).length - IN_FLIGHT

    say("agentz: everything is killed")
    const all = [installation.worker(), installation.streams().pid, ...installation.daemons()]
    const before = begunIn(workingDir).length
    const killedAt = performance.now()
    const recoveryAllMs = await takenUp(ids, all)
    await untilBegun(workingDir, before + IN_FLIGHT)
    const bodiesAgainMs = performance.now() - killedAt
    const rerunDone = await doneAgain(ids)
    return { recoveryMs, recoveryAllMs, bodiesAgainMs, rerunInFlight, rerunDone }
  }

  /** Kills the API and those, starts `agentz up` again, and waits until each run is held by a new worker. */
  async function takenUp(ids, pids) {
    const epochs = new Map(ids.map((runId) => [runId, runs.row(runId).epoch]))
    const killedAt = performance.now()
    for (const pid of pids) killIfAlive(pid)
    await endHard(plane.process)
    plane = await installation.up()
    const rows = await runs.until(ids, (row) => row.epoch > epochs.get(row.runId))
    return Math.max(...rows.map(({ at }) => at)) - killedAt
  }

  /** How often a step that is in a log as completed is completed again. */
  async function doneAgain(ids) {
    let again = 0
    for (const runId of ids) {
      const seen = new Set()
      const endpoint = () => installation.streams()
      for await (const { items } of readToTail(endpoint, `${runId}/events`))
        for (const { type, stepId } of items) {
          if (type === "step_start" && seen.has(stepId)) again++
          if (type === "step_complete") seen.add(stepId)
        }
    }
    return again
  }
}

async function together(runs, start, ended) {
  const { started, failed } = await start(MANY, "few")
  if (failed > 0) throw new Error(`${failed} of ${MANY} starts failed`)
  const rows = await runs.until(
    started.map(({ runId }) => runId),
    ended,
  )
  const latencies = rows.map(({ at }, index) => at - started[index].at)
  const first = Math.min(...started.map(({ at }) => at))
  const last = Math.max(...rows.map(({ at }) => at))
  return { perSecond: (MANY * STEPS * 1000) / (last - first), p95: quantile(latencies, 0.95) }
}
