// How long the engine takes to be there again with 10,000 streams and 1 GB, after the ends a server can have.
import { mkdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { Connection, Requests } from "./connection.mjs"
import { appends, median, wait } from "./figures.mjs"
import { cpuOf, memoryOf, startServer, withDir } from "./servers.mjs"
import { plain, textTable } from "./table.mjs"

const STREAMS = 10_000
const BYTES = 1e9
const CONNECTIONS = 100
const FILL_SECONDS = 150
const KILLS = 3
/** A page each: as many pages to check as a gigabyte can have. */
const BODY = JSON.stringify({ type: "agent_message", text: "x".repeat(1900) })

/** @param {{ say: (text: string) => void }} options */
export async function measureStart({ say }) {
  return await withDir(async (parent) => {
    const dir = join(parent, "engine")
    mkdirSync(dir, { mode: 0o700 })
    const size = () => statSync(join(dir, "data.mdb")).size
    const run = async (use) => {
      const server = await startServer("engine", dir)
      try {
        return await use(server)
      } finally {
        await server.end()
      }
    }
    say(`making ${STREAMS} streams and ${BYTES / 1e9} GB`)
    await run((server) => build(server, size, say))

    const killed = []
    for (let kill = 0; kill < KILLS; kill++) {
      say(`start ${kill + 1} of ${KILLS} after a kill -9`)
      killed.push(await run(afterKill))
    }
    say("start after a kill -9 while the file was still being read")
    await run(async () => undefined)
    const early = await run(async (server) => ({ startMs: server.startMs, check: checkOf(server) }))
    await run(async (server) => {
      await walkOf(server)
      await server.end("SIGTERM")
    })
    say("start after a good end")
    const closed = await run(async (server) => ({ startMs: server.startMs, check: checkOf(server) }))
    return { streams: STREAMS, bytes: size(), killed, early, closed }
  })
}

/** Makes the streams, then fills them in turns until the file is large enough, or the time is up. */
async function build(server, size, say) {
  const requests = new Requests(server)
  const until = performance.now() + FILL_SECONDS * 1000
  let created = 0
  let next = 0
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const connection = new Connection(server.port)
      while (created < STREAMS) {
        const name = `s${created++}`
        await connection.send(requests.create(name))
      }
      while (size() < BYTES && performance.now() < until) {
        for (let turn = 0; turn < 20; turn++)
          await connection.send(requests.append(`s${next++ % STREAMS}`, BODY))
      }
      connection.close()
    }),
  )
  if (size() < BYTES) say(`the time was up at ${size()} bytes`)
}

async function afterKill(server) {
  const startCpuMs = cpuOf(server.pid) / 1000
  const started = memoryOf(server.pid)
  const requests = new Requests(server)
  const connection = new Connection(server.port)
  const first = performance.now()
  await connection.send(requests.read("s0", "offset=-1"))
  const firstReadMs = performance.now() - first
  for (let index = 0; index < STREAMS; index += 5)
    await connection.send(requests.read(`s${index}`, "offset=-1"))
  connection.close()
  const { perSecond } = await appends(server, 50, 2)
  const serving = memoryOf(server.pid)
  const walk = await walkOf(server)
  return {
    startMs: server.startMs,
    startCpuMs,
    check: checkOf(server),
    firstReadMs,
    started,
    serving,
    perSecond,
    walk,
  }
}

/** What came of reading the rest while the server serves; `null` when that takes too long. */
async function walkOf(server) {
  for (let turn = 0; turn < 300; turn++) {
    const line = server
      .log()
      .split("\n")
      .find((each) => each.includes("store_walked"))
    if (line) return JSON.parse(line)
    await wait(100)
  }
  return null
}

/** What the server says it read of the store before it opened it. */
function checkOf(server) {
  const line = server
    .log()
    .split("\n")
    .find((each) => each.includes('"store_check"'))
  return line ? JSON.parse(line).depth : "unknown"
}

export function startText({ streams, bytes, killed, early, closed }) {
  const of = (pick) => plain(median(killed.map(pick)))
  const rows = [
    ["start after kill -9, Node included (ms)", of(({ startMs }) => startMs), "1,000"],
    ["  processor time of that (ms)", of(({ startCpuMs }) => startCpuMs), ""],
    ["  read before opening", killed[0].check, ""],
    ["  first read (ms)", of(({ firstReadMs }) => firstReadMs), ""],
    ["  RssAnon when started (MiB)", of(({ started }) => started.anonymous), "200"],
    ["  RssAnon while serving (MiB)", of(({ serving }) => serving.anonymous), "200"],
    ["  RSS while serving, mapped file included (MiB)", of(({ serving }) => serving.rss), ""],
    ["  the whole file read meanwhile (s)", of(({ walk }) => walk?.seconds ?? Number.NaN), ""],
    ["start after a second kill before that was done (ms)", plain(early.startMs), ""],
    ["  read before opening", early.check, ""],
    ["start after a good end (ms)", plain(closed.startMs), ""],
    ["  read before opening", closed.check, ""],
  ]
  const found = killed.find(({ walk }) => walk?.finding)
  return [
    textTable(
      [`${streams.toLocaleString("en-US")} streams, ${(bytes / 1e9).toFixed(2)} GB`, "engine", "at most"],
      rows,
    ),
    "",
    `Medians of ${killed.length} kills; the file was in the page cache. ${found ? `DAMAGE: ${found.walk.finding}` : "No damage found."}`,
  ].join("\n")
}
