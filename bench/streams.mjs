// The engine, the protocol's reference server and a bare LMDB-over-HTTP probe: same machine, same client, same
// run, in turns, so that whatever else the machine does falls on all of them.
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { appends, fanOut, fill, live, median, replay } from "./figures.mjs"
import { startServer, withDir } from "./servers.mjs"
import { plain, textTable } from "./table.mjs"

const ALL = ["engine", "reference", "probe"]
const EVENTS = 50_000

/** What is measured, whether more is better, and what is wanted of it. */
const ROWS = [
  { key: "one.p50", what: "append, 1 stream, p50 (ms)" },
  { key: "one.perSecond", what: "appends/s, 1 stream", more: true },
  { key: "fifty.perSecond", what: "appends/s, 50 streams", more: true, wanted: "80 % of the probe" },
  {
    key: "many.perSecond",
    what: "appends/s, 500 streams",
    more: true,
    wanted: "80 % of the probe, 15 × the reference",
  },
  { key: "many.p99", what: "append, 500 streams, p99 (ms)" },
  { key: "many.cpuUs", what: "processor time per append, 500 streams (µs)" },
  { key: "many.failed", what: "failed appends, 500 streams", count: true, wanted: "0" },
  { key: "liveEmpty.p50", what: "append to live reader, empty stream, p50 (ms)" },
  {
    key: "liveLong.p50",
    what: "append to live reader, 50,000 events, p50 (ms)",
    wanted: "as on an empty stream",
  },
  { key: "fan.p50", what: "500 live readers, p50 (ms)" },
  { key: "fan.p99", what: "500 live readers, p99 (ms)" },
  { key: "replay.ms", what: "replay of 50,000 events (ms)" },
  { key: "failed", what: "failed requests, all in all", count: true, wanted: "0" },
]

const MEASURES = [
  ["one", (server) => appends(server, 1, 1)],
  ["fifty", (server) => appends(server, 50, 1.5)],
  ["many", (server) => appends(server, 500, 2)],
  ["liveEmpty", (server) => live(server)],
  ["liveLong", (server, long) => live(server, long)],
  ["fan", (server) => fanOut(server)],
  ["replay", (server, long) => replay(server, long)],
]

/** @param {{ rounds?: number, only?: string[], against?: string[], say: (text: string) => void }} options */
export async function measureStreams({ rounds = 3, only = [], against = ALL, say }) {
  return await withDir(async (dir) => {
    const servers = []
    try {
      for (const name of ALL.filter((each) => each === "engine" || against.includes(each))) {
        mkdirSync(join(dir, name), { mode: 0o700 })
        servers.push(await startServer(name, join(dir, name)))
      }
      const measures = MEASURES.filter(([figure]) => only.length === 0 || only.includes(figure))
      const samples = await measure(servers, { rounds, measures, say })
      return ROWS.filter(({ key }) => key in samples.engine).map((row) => ({
        ...row,
        ...compare(row, samples),
      }))
    } finally {
      for (const server of servers) await server.end(process.env.BENCH_NODE_OPTIONS ? "SIGTERM" : "SIGKILL")
    }
  })
}

async function measure(servers, { rounds, measures, say }) {
  const samples = Object.fromEntries(servers.map(({ name }) => [name, { failed: [0] }]))
  const long = {}
  if (measures.some(([, run]) => run.length > 1)) {
    for (const server of servers) {
      say(`filling the ${server.name}`)
      const { name, failed } = await fill(server, EVENTS)
      long[server.name] = name
      samples[server.name].failed[0] += failed
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const [figure, run] of measures) {
      say(`round ${round + 1} of ${rounds}: ${figure}`)
      // Who is first changes from round to round.
      for (let turn = 0; turn < servers.length; turn++) {
        const server = servers[(turn + round) % servers.length]
        const mine = samples[server.name]
        for (const [field, value] of Object.entries(await run(server, long[server.name]))) {
          const key = `${figure}.${field}`
          mine[key] ??= []
          mine[key].push(value)
          if (field === "failed") mine.failed[0] += value
        }
      }
    }
  }
  return samples
}

/** Ratios are of turns side by side, not of the medians: above 1 is in the engine's favour. */
function compare({ key, more, count }, samples) {
  const total = (values) => values.reduce((sum, value) => sum + value, 0)
  const figures = Object.fromEntries(
    Object.keys(samples).map((name) => [
      name,
      count ? total(samples[name][key]) : median(samples[name][key]),
    ]),
  )
  if (count) return figures
  const ratio = (name) => {
    const theirs = samples[name]?.[key] ?? []
    return median(
      samples.engine[key].map((mine, round) => (more ? mine / theirs[round] : theirs[round] / mine)),
    )
  }
  return { ...figures, toReference: ratio("reference"), toProbe: ratio("probe") }
}

export function streamsText(rows) {
  const names = ALL.filter((name) => name in rows[0])
  const has = (name) => names.includes(name)
  const head = [
    "",
    ...names,
    ...(has("reference") ? ["× reference"] : []),
    ...(has("probe") ? ["% of probe"] : []),
    "wanted",
  ]
  const lines = rows.map((row) => [
    row.what,
    ...names.map((name) => plain(row[name])),
    ...(has("reference") ? [row.count ? "" : row.toReference.toFixed(1)] : []),
    ...(has("probe") ? [row.count ? "" : String(Math.round(row.toProbe * 100))] : []),
    row.wanted ?? "",
  ])
  return `${textTable(head, lines)}\n\nRatios are medians of turns side by side; above 1, and above 100 %, the engine is the better one.`
}
