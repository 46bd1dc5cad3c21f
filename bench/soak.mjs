// Constant load on the engine: appends at a steady rate, retries that arrive twice, stale writers, readers that come
// and go, streams that are made and deleted. A stream that has become long makes room for a new one, so that the last
// hour is like the first. What is watched is the memory that is the process's own.
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { Connection, follow, Requests } from "./connection.mjs"
import { BODY, create, median, nameOf, quantile, wait } from "./figures.mjs"
import { cpuOf, memoryOf, startServer, withDir } from "./servers.mjs"
import { plain, textTable } from "./table.mjs"

const STREAMS = 40
const APPENDS_PER_SECOND = 400
const RETRY_EVERY = 5
const LONGEST = 3_000
const READERS = 20
const READER_LIVES_MS = 3_000
const WARM_UP_SECONDS = 30

/** @param {{ minutes: number, say: (text: string) => void }} options */
export async function soak({ minutes, say }) {
  return await withDir(async (dir) => {
    mkdirSync(join(dir, "engine"), { mode: 0o700 })
    const server = await startServer("engine", join(dir, "engine"))
    try {
      return await load(server, minutes, say)
    } finally {
      await server.end()
    }
  })
}

async function load(server, minutes, say) {
  const counts = { appends: 0, retries: 0, refused: 0, failed: 0, readers: 0, streams: 0 }
  const until = performance.now() + minutes * 60_000
  const running = () => performance.now() < until
  const cpu = cpuOf(server.pid)
  const samples = []
  const latencies = []
  const names = Array.from({ length: STREAMS }, () => nameOf("soak"))
  await create(server, names)
  await Promise.all([
    ...names.map((_, index) => write(server, { names, index }, { running, counts, latencies })),
    ...Array.from({ length: READERS }, (_, index) => read(server, { names, index }, { running, counts })),
    churn(server, { running, counts }),
    sample(server, { running, samples, say, minutes }),
  ])
  const warm = samples.filter(({ second }) => second >= Math.min(WARM_UP_SECONDS, minutes * 20))
  const at = (share) => warm[Math.min(warm.length - 1, Math.floor(share * warm.length))]
  return {
    minutes,
    ...counts,
    appendP50: median(latencies),
    appendP99: quantile(latencies, 0.99),
    processorPercent: (cpuOf(server.pid) - cpu) / (minutes * 60 * 1e4),
    start: at(0),
    middle: at(0.5),
    end: at(1),
    slopePerHour: slope(warm) * 3600,
    mostAnonymous: Math.max(...samples.map(({ anonymous }) => anonymous)),
  }
}

/** MiB a second, by least squares. */
function slope(samples) {
  const mean = (pick) => samples.reduce((sum, each) => sum + pick(each), 0) / samples.length
  const [second, anonymous] = [mean((each) => each.second), mean((each) => each.anonymous)]
  const away = (each) => each.second - second
  return mean((each) => away(each) * (each.anonymous - anonymous)) / mean((each) => away(each) ** 2)
}

/** A producer that sends every so manieth append twice, and now and then comes with a stale epoch. */
async function write(server, { names, index }, { running, counts, latencies }) {
  const connection = new Connection(server.port)
  const requests = new Requests(server)
  const everyMs = (1000 * STREAMS) / APPENDS_PER_SECOND
  let due = performance.now() + Math.random() * everyMs
  // They do not all become long at the same time.
  let longest = LONGEST * (0.5 + Math.random())
  while (running()) {
    const append = requests.produce(names[index], BODY)
    const stale = append(0)
      .replace("Producer-Epoch: 0", "Producer-Epoch: 7")
      .replace("Producer-Seq: 0", "Producer-Seq: 9")
    for (let seq = 0; seq < longest && running(); seq++) {
      await wait(Math.max(0, due - performance.now()))
      due += everyMs
      const sent = performance.now()
      if ((await connection.send(append(seq))).status === 200) counts.appends++
      else counts.failed++
      if (seq % 20 === 0) latencies.push(performance.now() - sent)
      if (seq % RETRY_EVERY === 0) {
        if ((await connection.send(append(seq))).status === 204) counts.retries++
        else counts.failed++
      }
      if (seq % (RETRY_EVERY * 4) === 0) {
        if ((await connection.send(stale)).status === 400) counts.refused++
        else counts.failed++
      }
    }
    const long = names[index]
    const next = nameOf("soak")
    await connection.send(requests.create(next))
    names[index] = next
    await connection.send(requests.remove(long))
    counts.streams++
    longest = LONGEST
  }
  connection.close()
}

async function read(server, { names, index }, { running, counts }) {
  const requests = new Requests(server)
  while (running()) {
    const request = requests.read(names[index], "offset=-1&live=sse")
    // The stream may have made room for its successor just now.
    const reader = await follow(server.port, request, () => undefined).catch(() => null)
    if (reader) counts.readers++
    await wait(READER_LIVES_MS * (0.5 + Math.random()))
    reader?.close()
  }
}

async function churn(server, { running, counts }) {
  const requests = new Requests(server)
  const connection = new Connection(server.port)
  while (running()) {
    const name = nameOf("brief")
    await connection.send(requests.create(name))
    await connection.send(requests.append(name, BODY))
    await connection.send(requests.remove(name))
    counts.streams++
    await wait(200)
  }
  connection.close()
}

async function sample(server, { running, samples, say, minutes }) {
  const started = performance.now()
  const every = Math.min(10_000, minutes * 2_000)
  while (running()) {
    await wait(every)
    const second = Math.round((performance.now() - started) / 1000)
    samples.push({ second, ...memoryOf(server.pid) })
    if (samples.length % 6 === 0) say(`${second} s: ${plain(samples.at(-1)?.anonymous)} MiB of its own`)
  }
}

export function soakText(result) {
  const rows = ["start", "middle", "end"].map((when) => {
    const { second, anonymous, rss } = result[when]
    return [when, `${second} s`, plain(anonymous), plain(rss)]
  })
  return [
    textTable(["", "at", "RssAnon (MiB)", "RSS (MiB)"], rows),
    "",
    `${result.minutes} minutes: ${result.appends} appends (p50 ${plain(result.appendP50)} ms, p99 ${plain(result.appendP99)} ms), ${result.retries} retries, ${result.refused} stale writers refused,`,
    `${result.readers} live readers from the beginning, ${result.streams} streams made and deleted; ${result.failed} failed.`,
    `Most RssAnon ${plain(result.mostAnonymous)} MiB, slope ${plain(result.slopePerHour)} MiB an hour; ${plain(result.processorPercent)} % of one processor. Mapped pages of the file count in RSS only.`,
  ].join("\n")
}
