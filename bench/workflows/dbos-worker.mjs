// The workflows of the bench as DBOS has them: node dbos-worker.mjs CACHE DATABASE_URL JOURNAL_DIR
import { appendFileSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { importFrom } from "./peer.mjs"

const [where, systemDatabaseUrl, dir] = process.argv.slice(2)
const { DBOS } = await importFrom(where, "@dbos-inc/dbos-sdk")
const note = (line) => appendFileSync(join(dir, "journal"), `${line}\n`)

const steps = DBOS.registerWorkflow(
  async (count) => {
    for (let step = 0; step < count; step++) await DBOS.runStep(async () => step, { name: `s${step}` })
    return count
  },
  { name: "steps" },
)
const held = DBOS.registerWorkflow(
  async (key) => {
    await DBOS.runStep(async () => note(`done ${key}`), { name: "first" })
    await DBOS.runStep(
      async () => {
        note(`begin ${key}`)
        await new Promise((resolve) => setTimeout(resolve, 300_000))
      },
      { name: "long" },
    )
  },
  { name: "held" },
)
DBOS.setConfig({ name: "bench", systemDatabaseUrl, logLevel: "error", runAdminServer: false })
await DBOS.launch()

const toEnd = async (count) => (await DBOS.startWorkflow(steps)(count)).getResult()

async function answer({ run, many, steps: count, hold }) {
  if (run !== undefined) await toEnd(run)
  if (hold !== undefined) for (let key = 0; key < hold; key++) await DBOS.startWorkflow(held)(key)
  if (many === undefined) return {}
  const started = performance.now()
  const latencies = await Promise.all(
    Array.from({ length: many }, async () => {
      const at = performance.now()
      await toEnd(count)
      return performance.now() - at
    }),
  )
  return { ms: performance.now() - started, latencies }
}

process.stdout.write("READY\n")
for await (const line of createInterface({ input: process.stdin })) {
  const { id, ...what } = JSON.parse(line)
  void answer(what).then((said) => process.stdout.write(`${JSON.stringify({ id, ...said })}\n`))
}
