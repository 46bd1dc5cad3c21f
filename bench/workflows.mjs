// agentz and engines of durable workflows that can be had here: same machine, same run, one after the other.
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { withDir } from "./servers.mjs"
import { plain, textTable } from "./table.mjs"
import { measureAgentz } from "./workflows/agentz.mjs"
import { dbos } from "./workflows/dbos.mjs"
import { measureLogs } from "./workflows/logs.mjs"
import { measurePeer } from "./workflows/peer.mjs"
import { restate } from "./workflows/restate.mjs"
import { IN_FLIGHT, MANY, MOST, STEPS } from "./workflows/sizes.mjs"

const PEERS = { restate, dbos }

/** What is measured, whether more is better, and what is wanted of it. */
const ROWS = [
  { key: "sequentialMs", what: "no-op step, durable, one after the other (ms)", wanted: "≤ 1.2" },
  { key: "aloneMs", what: "run of one step, from its start to its end, p50 (ms)" },
  { key: "stepsPerSecond", what: `${MANY} runs of ${STEPS} steps: steps/s`, more: true, wanted: "≥ 3,000" },
  { key: "workflowP95", what: "  from start to end of a run, p95 (ms)", wanted: "≤ 350" },
  { key: "failed", what: `runs refused or lost, ${MOST} at once`, count: true, wanted: "0" },
  {
    key: "recoveryMs",
    what: `${IN_FLIGHT} in flight, API and workers killed: all taken up (ms)`,
    wanted: "≤ 1,500",
  },
  { key: "rerunInFlight", what: "  bodies in flight that were run again", count: true, wanted: "0" },
  { key: "recoveryAllMs", what: "everything killed: all taken up (ms)", wanted: "≤ 2,500" },
  { key: "bodiesAgainMs", what: "  all bodies at work again (ms)" },
  { key: "rerunDone", what: "completed steps that were run again", count: true, wanted: "0" },
  { key: "saveP95", what: "save of a step, 1 run, p95 (ms)", wanted: "≤ 5" },
  { key: "saveManyP95", what: `save of a step, ${MANY} runs at once, p95 (ms)`, wanted: "≤ 25" },
  { key: "load200P95", what: "load of a run of 200 events, p95 (ms)", wanted: "≤ 20" },
  { key: "load10000P95", what: "load of a run of 10,000 events, p95 (ms)", wanted: "≤ 100" },
  { key: "pss", what: `memory of control plane, worker and store, ${MANY} runs, PSS (MiB)`, wanted: "≤ 120" },
]

/** @param {{ peers?: string[], say: (text: string) => void }} options */
export async function measureWorkflows({ peers = Object.keys(PEERS), say }) {
  return await withDir(async (dir) => {
    const place = (name) => {
      const path = join(dir, name)
      mkdirSync(path, { mode: 0o755 })
      return path
    }
    const figures = {
      agentz: {
        ...(await measureLogs(place("logs"), say)),
        ...(await measureAgentz(place("agentz"), say)),
      },
    }
    const missing = []
    for (const name of peers) {
      const own = place(name)
      try {
        const peer = await PEERS[name](own)
        figures[peer.title] = await measurePeer(peer, own, say)
      } catch (error) {
        missing.push({ name, why: error.message })
        say(`${name} is left out: ${error.message}`)
      }
    }
    return { rows: ROWS.map((row) => rowOf(row, figures)), names: Object.keys(figures), missing }
  })
}

function rowOf({ key, ...row }, figures) {
  const [mine, ...theirs] = Object.values(figures).map((each) => each[key] ?? null)
  const known = theirs.filter((value) => value !== null)
  const best = known.length === 0 ? null : row.more ? Math.max(...known) : Math.min(...known)
  const ratio = best === null || row.count ? null : row.more ? mine / best : best / mine
  return { key, ...row, values: [mine, ...theirs], ratio }
}

export function workflowsText({ rows, names, missing }) {
  const head = ["", ...names, ...(names.length > 1 ? ["× best peer"] : []), "wanted"]
  const lines = rows.map(({ what, values, ratio, wanted = "" }) => [
    what,
    ...values.map((value) => (value === null ? "" : plain(value))),
    ...(names.length > 1 ? [ratio === null ? "" : ratio.toFixed(1)] : []),
    wanted,
  ])
  const notes = [
    "Above 1, agentz is ahead of the best of the others.",
    "Steps that need nothing outside are decided together and become durable in one append; `save` is what one append takes.",
    "The bodies of agentz are processes of their own with a daemon each; those of the others run inside their worker.",
    "agentz and Restate are asked over HTTP, agentz for ten runs in a request of tRPC; DBOS within its own process.",
    ...missing.map(({ name, why }) => `${name} could not be had here: ${why}`),
  ]
  return `${textTable(head, lines)}\n\n${notes.join("\n")}`
}
