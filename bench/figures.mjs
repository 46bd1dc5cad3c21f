// One function per figure of a stream server. Each makes streams of its own.
import { Connection, follow, Requests } from "./connection.mjs"
import { cpuOf } from "./servers.mjs"

export const BODY = JSON.stringify({
  type: "agent_message_chunk",
  id: "m_000000000001",
  at: "2026-01-01T00:00:00.000Z",
  text: "x".repeat(80),
})
const MARK = "agent_message_chunk"

export function quantile(values, q) {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN
}
export const median = (values) => quantile(values, 0.5)

export const nameOf = (what) => `${what}-${Math.random().toString(36).slice(2)}`
export const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

export async function create(server, names) {
  const connection = new Connection(server.port)
  const requests = new Requests(server)
  for (const name of names) await connection.send(requests.create(name))
  connection.close()
}

/** One producer per stream, one append under way each, for some seconds. Connections are open before the clock runs. */
export async function appends(server, count, seconds) {
  const requests = new Requests(server)
  const names = Array.from({ length: count }, (_, index) => nameOf(`a${index}`))
  await create(server, names)
  const producers = names.map((name) => requests.produce(name, BODY))
  const connections = names.map(() => new Connection(server.port))
  const latencies = []
  let failed = 0
  await Promise.all(connections.map((connection, index) => connection.send(producers[index](0))))
  const cpu = cpuOf(server.pid)
  const started = performance.now()
  const until = started + seconds * 1000
  await Promise.all(
    producers.map(async (append, index) => {
      let sent = performance.now()
      for (let seq = 1; sent < until; seq++) {
        const { status } = await connections[index].send(append(seq)).catch(() => ({ status: 0 }))
        const now = performance.now()
        if (status === 200 || status === 204) latencies.push(now - sent)
        else failed++
        sent = status === 0 ? until : now
      }
    }),
  )
  const elapsed = (performance.now() - started) / 1000
  const cpuUs = (cpuOf(server.pid) - cpu) / Math.max(1, latencies.length)
  for (const connection of connections) connection.close()
  return {
    perSecond: latencies.length / elapsed,
    p50: median(latencies),
    p99: quantile(latencies, 0.99),
    cpuUs,
    failed,
  }
}

/** A stream of so many events. The reference server is sent them ten at a time, or this would take minutes. */
export async function fill(server, events) {
  const name = nameOf("long")
  await create(server, [name])
  const together = server.name === "reference" ? 10 : 1
  const body = together === 1 ? BODY : `[${Array(together).fill(BODY).join(",")}]`
  const request = new Requests(server).append(name, body)
  let left = events / together
  let failed = 0
  await Promise.all(
    Array.from({ length: 50 }, async () => {
      const connection = new Connection(server.port)
      while (left-- > 0) if ((await connection.send(request)).status >= 300) failed += together
      connection.close()
    }),
  )
  return { name, failed }
}

/** From sending an append to a live reader having it. Without a name, on an empty stream. */
export async function live(server, name, turns = 40) {
  const requests = new Requests(server)
  const stream = name ?? nameOf("live")
  if (!name) await create(server, [stream])
  let heard = () => undefined
  const reader = await follow(server.port, requests.read(stream, "offset=now&live=sse"), (chunk) => {
    if (chunk.includes(MARK)) heard()
  })
  await wait(50)
  const connection = new Connection(server.port)
  const request = requests.append(stream, BODY)
  const latencies = []
  for (let turn = 0; turn < turns; turn++) {
    const started = performance.now()
    const arrived = new Promise((resolve) => {
      heard = () => resolve(performance.now())
    })
    const [at] = await Promise.all([arrived, connection.send(request)])
    latencies.push(at - started)
  }
  reader.close()
  connection.close()
  return { p50: median(latencies) }
}

/** One append, many live readers: when each has it. */
export async function fanOut(server, readers = 500, turns = 12) {
  const requests = new Requests(server)
  const stream = nameOf("fan")
  await create(server, [stream])
  const latencies = []
  let started = 0
  let missing = 0
  let done = () => undefined
  const hear = (chunk) => {
    if (started === 0 || !chunk.includes(MARK)) return
    latencies.push(performance.now() - started)
    missing--
    if (missing === 0) done()
  }
  const followers = []
  for (let count = 0; count < readers; count++)
    followers.push(await follow(server.port, requests.read(stream, "offset=now&live=sse"), hear))
  await wait(200)
  const connection = new Connection(server.port)
  const request = requests.append(stream, BODY)
  for (let turn = 0; turn < turns; turn++) {
    missing = readers
    const all = new Promise((resolve) => {
      done = resolve
    })
    started = performance.now()
    await Promise.all([all, connection.send(request)])
    await wait(20)
  }
  for (const follower of followers) follower.close()
  connection.close()
  return { p50: median(latencies), p99: quantile(latencies, 0.99) }
}

/** Reads a stream from its beginning to its end. */
export async function replay(server, name) {
  const requests = new Requests(server)
  const connection = new Connection(server.port)
  const started = performance.now()
  let offset = "-1"
  let bytes = 0
  while (true) {
    const answer = await connection.send(requests.read(name, `offset=${offset}`))
    if (answer.status !== 200) throw new Error(`a replay was answered ${answer.status}`)
    bytes += answer.bytes
    offset = /stream-next-offset: *(\S+)/i.exec(answer.head)?.[1]
    if (/stream-up-to-date/i.test(answer.head)) break
  }
  connection.close()
  return { ms: performance.now() - started, bytes }
}
