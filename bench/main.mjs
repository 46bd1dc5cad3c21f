// npm run bench -- [streams|start|sessions|workflows|checkpoints|soak|ui] [options]
import { cpus, freemem, loadavg, totalmem } from "node:os"
import { parseArgs } from "node:util"

const USAGE = `npm run bench -- [streams|start|sessions|workflows|checkpoints|soak|ui] [options]

  streams             this engine, the reference server and a bare LMDB-over-HTTP probe, side by side
  start               how soon the engine is there again with 10,000 streams and 1 GB, after kills and a good end
  sessions            50 demo sessions at once, and one alone, on a real installation
  workflows           steps, throughput, recovery, logs and memory of workflows, beside Restate and DBOS; 5 minutes
  checkpoints         keeping, comparing and putting back 10,000 and 100,000 files
  soak                constant load, and what it does to the engine's memory
  ui                  the page in a real Chromium: sizes, paints, live text, 100,000 events, 500 tails

  --rounds N          rounds of \`streams\` (3)
  --only NAME,NAME    figures of \`streams\`: one, fifty, many, liveEmpty, liveLong, fan, replay
                      parts of \`ui\`: paints, opening, scrolling, living, crowds
  --against NAME,NAME servers beside the engine: reference, probe; engines beside \`workflows\`: restate, dbos
  --minutes N         of \`soak\` (10)
  --json              one JSON object instead of a table
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "3" },
    only: { type: "string", default: "" },
    against: { type: "string" },
    minutes: { type: "string", default: "10" },
    help: { type: "boolean", default: false },
  },
})
const [what = "streams"] = positionals
const print = (text) => process.stdout.write(`${text}\n`)
const say = (text) => process.stderr.write(`${text}\n`)

const namesIn = (list) => list.split(",").filter(Boolean)

const machine = () => ({
  processors: cpus().length,
  model: cpus()[0]?.model ?? "unknown",
  memoryMb: Math.round(totalmem() / 2 ** 20),
  freeMb: Math.round(freemem() / 2 ** 20),
  load: loadavg().map((value) => Number(value.toFixed(2))),
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
})

const benches = {
  async streams() {
    const { measureStreams, streamsText } = await import("./streams.mjs")
    const [only, against] = [values.only, values.against ?? "reference,probe"].map(namesIn)
    const result = await measureStreams({ rounds: Number(values.rounds), only, against, say })
    return { result, text: streamsText(result) }
  },
  async start() {
    const { measureStart, startText } = await import("./start.mjs")
    const result = await measureStart({ say })
    return { result, text: startText(result) }
  },
  async sessions() {
    const { measureSessions, sessionsText } = await import("./sessions.mjs")
    const result = await measureSessions({ say })
    return { result, text: sessionsText(result) }
  },
  async workflows() {
    const { measureWorkflows, workflowsText } = await import("./workflows.mjs")
    const peers = namesIn(values.against ?? "restate,dbos")
    const result = await measureWorkflows({ peers, say })
    return { result, text: workflowsText(result) }
  },
  async checkpoints() {
    const { checkpointsText, measureCheckpoints } = await import("./checkpoints.mjs")
    const result = await measureCheckpoints({ say })
    return { result, text: checkpointsText(result) }
  },
  async soak() {
    const { soak, soakText } = await import("./soak.mjs")
    const result = await soak({ minutes: Number(values.minutes), say })
    return { result, text: soakText(result) }
  },
  async ui() {
    const { measureUi, uiText } = await import("./ui.mjs")
    const result = await measureUi({ rounds: Number(values.rounds), only: namesIn(values.only), say })
    return { result, text: uiText(result) }
  },
}

const bench = Object.hasOwn(benches, what) ? benches[what] : undefined
if (values.help || !bench) {
  process.stdout.write(USAGE)
  process.exit(values.help ? 0 : 2)
}
const facts = machine()
const started = performance.now()
const { result, text } = await bench()
const seconds = Math.round((performance.now() - started) / 1000)
if (values.json) print(JSON.stringify({ bench: what, machine: facts, seconds, result }))
else {
  const { processors, model, memoryMb, load, node, platform } = facts
  print(
    `${processors} processors (${model}), ${memoryMb} MB, load ${load.join(" ")}, Node ${node}, ${platform}`,
  )
  print(`${seconds} s\n\n${text}`)
}
